using System.Globalization;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>What connections take while nothing happens on them.</summary>
internal static class IdleConnections
{
    private const int AtOnce = 64;
    private const string Resident = "VmRSS:";

    public static async Task<Outcome> RunAsync(IWires wires, Order order)
    {
        await (await ConnectAsync(wires, 0)).DisposeAsync(); // what the first one costs once
        (double megabytesBefore, long heapBefore) = Memory();
        var open = new IWire[order.Size];
        await Parallel.ForAsync(0, open.Length, new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (i, _) => open[i] = await ConnectAsync(wires, i));
        (double megabytes, long heap) = Memory();
        foreach (IWire wire in open)
        {
            wire.Abort();
        }

        return new Outcome([megabytes - megabytesBefore, (heap - heapBefore) / (double)order.Size]);
    }

    private static ValueTask<IWire> ConnectAsync(IWires wires, int number) =>
        wires.ConnectAsync(HolderCommand.FirstPort + number % HolderCommand.Ports, HolderCommand.Address);

    // The process's resident memory, and the collector's heap in bytes.
    private static (double Megabytes, long Heap) Memory()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        string line = File.ReadLines("/proc/self/status")
            .First(line => line.StartsWith(Resident, StringComparison.Ordinal));
        long kibibytes = long.Parse(
            line[Resident.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        return (kibibytes * 1024 / 1e6, GC.GetTotalMemory(forceFullCollection: false));
    }
}
