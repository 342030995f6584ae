using System.Diagnostics;
using UserTcp.NetworkBenchmarks.Measuring;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>Streams as fast as they go.</summary>
internal static class Bulk
{
    private const int PieceBytes = 256 << 10;

    public static async Task<Outcome> ReceiveAsync(IWires wires, Order order)
    {
        IWire[] streams = await ConnectAsync(wires, FarCommand.Source, order.Size);
        long[] before =
            await Task.WhenAll(streams.Select(stream => TakeAsync(stream, Settling.Of(order.Seconds))));
        long start = Stopwatch.GetTimestamp();
        long[] taken = await Task.WhenAll(streams.Select(stream => TakeAsync(stream, order.Seconds)));
        Outcome outcome = Outcome.OfTransfer(taken.Sum(), Stopwatch.GetElapsedTime(start), before.Sum());
        foreach (IWire stream in streams)
        {
            stream.Abort();
            await stream.DisposeAsync();
        }

        return outcome;
    }

    /// <summary>Until the peer has taken all of it and says so.</summary>
    public static async Task<Outcome> SendAsync(IWires wires, Order order)
    {
        IWire[] streams = await ConnectAsync(wires, FarCommand.Sink, order.Size);
        long[] before =
            await Task.WhenAll(streams.Select(stream => GiveAsync(stream, Settling.Of(order.Seconds))));
        long start = Stopwatch.GetTimestamp();
        long[] given = await Task.WhenAll(streams.Select(stream => GiveAsync(stream, order.Seconds)));
        await Task.WhenAll(streams.Select(FinishAsync));
        return Outcome.OfTransfer(given.Sum(), Stopwatch.GetElapsedTime(start), before.Sum());
    }

    /// <summary>Everybody wants to send at once, and each waits for his own writes only.</summary>
    public static async Task<Outcome> SendByThreadsAsync(IWires wires, Order order)
    {
        IWire[] streams = await ConnectAsync(wires, FarCommand.Sink, order.Size);
        var given = new long[streams.Length];
        long start = Stopwatch.GetTimestamp();
        Thread[] threads =
            [.. streams.Select((stream, i) => new Thread(() => given[i] = Give(stream, order.Seconds)))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        await Task.WhenAll(streams.Select(FinishAsync));
        Outcome outcome = Outcome.OfTransfer(given.Sum(), Stopwatch.GetElapsedTime(start), 0);
        return outcome with { Values = [.. outcome.Values, given.Min() / given.Average()] };
    }

    private static Task<IWire[]> ConnectAsync(IWires wires, int port, int count) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(_ => wires.ConnectAsync(port).AsTask()));

    private static async Task<long> TakeAsync(IWire stream, double seconds)
    {
        long total = 0;
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < seconds;)
        {
            int taken = await stream.TakeAsync();
            total += taken > 0 ? taken : throw new InvalidDataException($"The stream ended after {total:N0} bytes.");
        }

        return total;
    }

    private static async Task<long> GiveAsync(IWire stream, double seconds)
    {
        byte[] piece = new byte[PieceBytes];
        long total = 0;
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < seconds;)
        {
            piece.AsSpan().Fill((byte)total);
            await stream.WriteAsync(piece);
            total += piece.Length;
        }

        return total;
    }

    private static long Give(IWire stream, double seconds)
    {
        byte[] piece = new byte[PieceBytes];
        long total = 0;
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < seconds;)
        {
            piece.AsSpan().Fill((byte)total);
            stream.Write(piece);
            total += piece.Length;
        }

        return total;
    }

    private static async Task FinishAsync(IWire stream)
    {
        await stream.FinishWritingAsync();
        while (await stream.TakeAsync() > 0)
        {
            // The number comes when the peer has the last byte.
        }

        await stream.DisposeAsync();
    }
}
