using System.Diagnostics;
using UserTcp.NetworkBenchmarks.Measuring;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>One thing after the other.</summary>
internal static class Turns
{
    private const int WarmUp = 500;

    public static async Task<Outcome> PingPongAsync(IWires wires, Order order)
    {
        await using IWire wire = await wires.ConnectAsync(FarCommand.Echo);
        byte[] message = new byte[order.Size];
        for (int i = 0; i < WarmUp; i++)
        {
            await TurnAsync(wire, message);
        }

        var times = new List<double>();
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < order.Seconds;)
        {
            long before = Stopwatch.GetTimestamp();
            await TurnAsync(wire, message);
            times.Add(Stopwatch.GetElapsedTime(before).TotalMicroseconds);
        }

        times.Sort();
        return new Outcome([times.Percentile(50), times.Percentile(99)]);
    }

    /// <summary>The peer closes at once.</summary>
    public static async Task<Outcome> ConnectAsync(IWires wires, Order order)
    {
        for (int i = 0; i < WarmUp; i++)
        {
            await ComeAndGoAsync(wires);
        }

        int count = 0;
        long start = Stopwatch.GetTimestamp();
        for (; Stopwatch.GetElapsedTime(start).TotalSeconds < order.Seconds; count++)
        {
            await ComeAndGoAsync(wires);
        }

        return new Outcome([count / Stopwatch.GetElapsedTime(start).TotalSeconds]);
    }

    private static async Task TurnAsync(IWire wire, byte[] message)
    {
        await wire.WriteAsync(message);
        for (int left = message.Length; left > 0;)
        {
            int taken = await wire.TakeAsync();
            left -= taken > 0 ? taken : throw new InvalidDataException("The echo ended.");
        }
    }

    private static async Task ComeAndGoAsync(IWires wires)
    {
        await using IWire wire = await wires.ConnectAsync(FarCommand.Close);
        if (await wire.TakeAsync() > 0)
            throw new InvalidDataException("The peer said something.");
    }
}
