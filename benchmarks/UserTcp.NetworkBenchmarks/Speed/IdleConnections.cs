using System.Globalization;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>What connections take while nothing happens on them.</summary>
internal static class IdleConnections
{
    private const int AtOnce = 64;
    private const string Resident = "VmRSS:";

    public static async Task<Outcome> RunAsync(IWires wires, Order order)
    {
        await (await ConnectAsync(wires, 0)).DisposeAsync(); // what the first one costs once
        double before = MemoryMegabytes();
        var open = new IWire[order.Size];
        await Parallel.ForAsync(0, open.Length, new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (i, _) => open[i] = await ConnectAsync(wires, i));
        double taken = MemoryMegabytes() - before;
        foreach (IWire wire in open)
        {
            wire.Abort();
        }

        return new Outcome([taken]);
    }

    private static ValueTask<IWire> ConnectAsync(IWires wires, int number) =>
        wires.ConnectAsync(HolderCommand.FirstPort + number % HolderCommand.Ports, HolderCommand.Address);

    private static double MemoryMegabytes()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        string line = File.ReadLines("/proc/self/status")
            .First(line => line.StartsWith(Resident, StringComparison.Ordinal));
        return long.Parse(line[Resident.Length..].Replace("kB", "", StringComparison.Ordinal),
            CultureInfo.InvariantCulture) * 1024 / 1e6;
    }
}
