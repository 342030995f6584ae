using UserTcp.Links;
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
        new("Memory/SendQueue", () =>
        {
            var load = new SendQueueLoad();
            return () => load.Pass(64_240);
        }),
        new("Memory/ReceiveQueue", () =>
        {
            var load = new ReceiveQueueLoad(1460);
            return () => load.InOrder(32);
        }),
        new("Memory/ReceiveQueue/Swapped", () =>
        {
            var load = new ReceiveQueueLoad(1460);
            return () => load.Swapped(32);
        }),
        new("Memory/FlowTable", () =>
        {
            var load = new FlowTableLoad(entries: 1000);
            return () => load.Find();
        }),
        new("Memory/DeadlineWheel", () =>
        {
            var load = new WheelLoad();
            return () =>
            {
                load.PutOff();
                load.BringForward();
                load.Expire(64);
            };
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
        new("Machine/SegmentArrives/Text", () =>
        {
            var tcb = new TcbArrivals();
            return () => tcb.Text(32);
        }),
        new("Machine/SegmentArrives/Ack", () =>
        {
            var tcb = new TcbArrivals();
            return tcb.AckOfSegment;
        }),
        new("Machine/SegmentArrives/SackedAcks", () =>
        {
            var acks = new SackedAcks(segments: 10_000);
            return acks.Round;
        }),
        new("Machine/Handshake", () =>
        {
            var pair = new TcbPair();
            return pair.Reopen;
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
        new("Connection/TwoCores/Bulk", () =>
        {
            var pair = new CorePair(CorePair.Plain);
            return () => pair.Transfer(1 << 20);
        }),
        new("Connection/TwoCores/BulkGso", () =>
        {
            var pair = new CorePair(VirtualLinkOptions.AllFeatures);
            return () => pair.Transfer(1 << 20);
        }),
        new("Connection/TwoCores/PingPong", () =>
        {
            var pair = new CorePair(CorePair.Plain);
            return () => pair.Exchange(requestBytes: 100, answerBytes: 100);
        }),
        new("Connection/TwoCores/ConnectAndClose", () =>
        {
            var pair = new CorePair(CorePair.Plain);
            return pair.ConnectAndClose;
        }),
    ];
}
