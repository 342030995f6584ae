using UserTcp.Wire;

namespace UserTcp.Benchmarks.Workloads;

/// <summary>
/// The operations whose allocations are promised (benchmarks/allocations.json): a name, and how to make the operation
/// ready to be repeated.
/// </summary>
internal sealed record Workload(string Name, Func<Action> Prepare)
{
    /// <summary>Repetitions before buffers and tables have reached the size that they keep.</summary>
    public const int WarmUps = 50;

    public static IReadOnlyList<Workload> All { get; } =
    [
        new("Memory/Checksum", () =>
        {
            byte[] bytes = new byte[64_240];
            return () => InternetChecksum.Sum(bytes);
        }),
        new("Wire/SegmentParse", () =>
        {
            var sample = new SegmentSample(textBytes: 1448, sackBlocks: 3);
            return () => sample.Parse();
        }),
        new("Wire/SegmentWrite", () =>
        {
            var sample = new SegmentSample(textBytes: 1448, sackBlocks: 3);
            return () => sample.Write();
        }),
        new("Machine/TwoTcbs/Bulk", () =>
        {
            var pair = new TcbPair();
            return () => pair.Transfer(1 << 20);
        }),
        new("Machine/TwoTcbs/BulkGso", () =>
        {
            var pair = new TcbPair(maxGsoBytes: 64_240);
            return () => pair.Transfer(1 << 20);
        }),
        new("Machine/TwoTcbs/RequestAnswer", () =>
        {
            var pair = new TcbPair();
            return () => pair.Exchange(requestBytes: 100, answerBytes: 1000);
        }),
    ];
}
