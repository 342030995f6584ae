namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>What is done.</summary>
internal enum Workload
{
    /// <summary>The peer sends; Gbit/s, and processor seconds of both ends per GB.</summary>
    Receive,

    /// <summary>The peer takes; as <see cref="Receive"/>.</summary>
    Send,

    /// <summary>
    /// As <see cref="Send"/>, by a thread for each stream; Gbit/s, and the least stream's share of the mean.
    /// </summary>
    Crowd,

    /// <summary>A message there and back; the median and the 99th percentile in microseconds.</summary>
    PingPong,

    /// <summary>A connection after the other, which the peer closes at once; connections per second.</summary>
    Connect,

    /// <summary>Requests by HttpClient; requests per second.</summary>
    Http,

    /// <summary>Kestrel at our end, wrk at the other; requests per second.</summary>
    Web,

    /// <summary>Connections that do nothing; the memory of the process that they take, in MB.</summary>
    Idle,
}

/// <summary>On which processors the two ends run.</summary>
internal enum Placement
{
    /// <summary>Wherever the system puts them.</summary>
    Free,

    /// <summary>One each.</summary>
    Split,

    /// <summary>The same one.</summary>
    OneCpu,
}

/// <summary>How the bytes get to the peer.</summary>
/// <param name="Name">For the report.</param>
/// <param name="Link">A scheme of the stack's links, or <c>kernel</c>.</param>
/// <param name="Cable">Between us and the peer.</param>
/// <param name="IsInline">Whether the application runs on the stack's own thread.</param>
internal sealed record Contender(string Name, string Link, Cable Cable, bool IsInline = false)
{
    public const string Kernel = "kernel";

    public static Contender KernelOn { get; } = new("kernel", Kernel, Cable.Veth);

    public static Contender KernelOff { get; } = new("kernel, offloads off", Kernel, Cable.PlainVeth);

    public static Contender Packet { get; } = new("packet", "packet", Cable.Veth);

    public static Contender PacketInline { get; } = new("packet, inline", "packet", Cable.Veth, IsInline: true);

    public static Contender PacketOff { get; } = new("packet, offloads off", "packet", Cable.PlainVeth);

    public static Contender Tap { get; } = new("tap", "tap", Cable.Tap);

    public static Contender TapInline { get; } = new("tap, inline", "tap", Cable.Tap, IsInline: true);

    public static Contender PcapOn { get; } = new("pcap", "pcap", Cable.Veth);

    public static Contender Pcap { get; } = new("pcap, offloads off", "pcap", Cable.PlainVeth);

    public bool IsKernel => Link == Kernel;

    /// <summary>Whom the figures are compared with: a kernel on the same cable, or the one on the veth.</summary>
    public Contender Reference => Cable == Cable.PlainVeth ? KernelOff : KernelOn;
}

/// <summary>What joins us and the peer.</summary>
internal enum Cable
{
    /// <summary>A veth pair with the offloads that it has by default.</summary>
    Veth,

    /// <summary>A veth pair with all of them off.</summary>
    PlainVeth,

    /// <summary>A TAP interface, with offloads.</summary>
    Tap,
}

/// <summary>A row of the report.</summary>
/// <param name="Name">For people.</param>
/// <param name="Work">What is done.</param>
/// <param name="Units">Of its figures; the first is the one that the others go with.</param>
/// <param name="Size">Streams, bytes of a message, or connections.</param>
/// <param name="Placement">Where it runs.</param>
/// <param name="Contenders">Who takes part.</param>
/// <param name="IsMain">Whether <c>--quick</c> has it.</param>
internal sealed record SpeedRow(
    string Name, Workload Work, string[] Units, int Size, Placement Placement, Contender[] Contenders,
    bool IsMain = false)
{
    private static readonly string[] s_bulk = ["Gbit/s", "CPU s/GB"];
    private static readonly string[] s_times = ["µs, median", "µs, 99 %"];
    private static readonly string[] s_rate = ["per second"];

    private static readonly Contender[] s_offloaded =
        [Contender.KernelOn, Contender.Packet, Contender.PacketInline, Contender.Tap, Contender.TapInline];

    private static readonly Contender[] s_every =
        [.. s_offloaded, Contender.KernelOff, Contender.PacketOff, Contender.Pcap];

    private static readonly Contender[] s_few = [Contender.KernelOn, Contender.Packet, Contender.Tap];

    public static SpeedRow[] All { get; } =
    [
        new(
            "bulk receive, 1 stream", Workload.Receive, s_bulk, 1, Placement.Free, [.. s_every, Contender.PcapOn],
            IsMain: true),
        new("bulk send, 1 stream", Workload.Send, s_bulk, 1, Placement.Free, s_every, IsMain: true),
        new("bulk receive, 16 streams", Workload.Receive, s_bulk, 16, Placement.Free, s_offloaded),
        new("bulk send, 16 streams", Workload.Send, s_bulk, 16, Placement.Free, s_offloaded),
        new("bulk send, 64 threads", Workload.Crowd, ["Gbit/s", "least ÷ mean"], 64, Placement.Free, s_few),
        new("ping-pong, 1 B", Workload.PingPong, s_times, 1, Placement.Free, s_offloaded),
        new("ping-pong, 100 B", Workload.PingPong, s_times, 100, Placement.Free, s_offloaded, IsMain: true),
        new("ping-pong, 100 B, split CPUs", Workload.PingPong, s_times, 100, Placement.Split, s_offloaded),
        new("ping-pong, 100 B, one CPU", Workload.PingPong, s_times, 100, Placement.OneCpu, s_offloaded),
        new("connect and close", Workload.Connect, s_rate, 1, Placement.Free, s_few, IsMain: true),
        new("HttpClient, 1 connection", Workload.Http, s_rate, 1, Placement.Free, s_few),
        new("HttpClient, 64 connections", Workload.Http, s_rate, 64, Placement.Free, s_few),
        new("Kestrel, wrk at 64 connections", Workload.Web, s_rate, 64, Placement.Free, s_offloaded),
    ];

    /// <summary>Each in a process of its own, once: what memory is taken does not vary.</summary>
    public static SpeedRow[] Idle { get; } =
    [
        new("10,000 idle connections", Workload.Idle, ["MB"], 10_000, Placement.Free, [Contender.Packet]),
        new("100,000 idle connections", Workload.Idle, ["MB"], 100_000, Placement.Free, [Contender.Packet]),
    ];

    /// <summary>Whether a unit's larger figures are the better ones.</summary>
    public static bool IsMoreBetter(string unit) => unit is "Gbit/s" or "per second" or "least ÷ mean";
}
