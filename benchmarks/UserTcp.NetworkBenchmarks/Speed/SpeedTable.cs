using UserTcp.NetworkBenchmarks.Measuring;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>All rows, with their targets.</summary>
internal static class SpeedTable
{
    private const int WebConnections = 64;
    private static readonly Unit[] s_bulk = [new("Gbit/s", true), new("CPU s/GB", false)];
    private static readonly Unit[] s_times = [new("µs, median", false), new("µs, 99 %", false)];
    private static readonly Unit[] s_requests = [new("requests/s", true)];
    private static readonly Unit[] s_served = [new("server's CPU µs a request", false), new("requests/s", true)];
    private static readonly Unit[] s_connections = [new("connections/s", true)];
    private static readonly Unit[] s_crowd = [new("Gbit/s", true), new("least ÷ mean", true)];
    private static readonly Unit[] s_memory = [new("MB", false), new("bytes a connection", false)];
    private static readonly Unit[] s_segments = [new("million segments a CPU second", true)];
    private static readonly Entry s_kernel = new(Contender.Kernel, Scope.Quick);
    private static readonly Entry s_bare = new(Contender.Bare, Scope.Full);
    private static readonly Entry s_gVisor = new(Contender.GVisor, Scope.Full);

    public static SpeedRow[] All { get; } = [.. Web(), .. Streams(), .. Messages(), .. Others(), .. WithoutOffloads()];

    private static IEnumerable<SpeedRow> Web() =>
    [
        new("Kestrel, wrk -t1 -c64", Workload.Web, WebConnections, s_requests,
        [
            s_kernel,
            Packet(new("1.5–1.8", 1.6, 2.0)), PacketInline(new("1.9–2.2", 2.0, 2.5)),
            new(Contender.Tap, Scope.Usual), new(Contender.TapInline, Scope.Usual),
        ]) { Scope = Scope.Quick },
        new("Kestrel, wrk -t2 -c64", Workload.Web, WebConnections, s_requests,
        [
            s_kernel,
            Packet(new("0.93", 1.1, 1.4)), PacketInline(new("1.28", 1.4, 1.8)),
            new(Contender.Tap, Scope.Usual, new Target("0.96", 1.1, 1.4)),
            new(Contender.TapInline, Scope.Usual, new Target("1.35", 1.4, 1.8)),
        ]) { Threads = 2 },
        new("Kestrel, wrk -t1 -c64, shards", Workload.Web, WebConnections, s_served,
        [
            new(Contender.Packet, Scope.Usual),
            new(Contender.Packet with { Shards = 2 }, Scope.Usual, new Target(null, 1 / 1.1, 1, Basis.OneShard)),
        ]),
        new("Kestrel at 70 % of the kernel's capacity, fixed rate", Workload.WebAtRate, WebConnections,
            [s_times[1], s_times[0]],
            [s_kernel, Packet(new(null, 1.0, 2.0)), PacketInline(new(null, 1.0, 2.0))]),
    ];

    private static IEnumerable<SpeedRow> Streams() =>
    [
        new("1 stream received", Workload.Receive, 1, s_bulk,
        [
            s_kernel, Packet(new("0.84", 1.1, 1.5)), PacketInline(new("1.49", 1.5, 1.8)),
            new(Contender.Pcap, Scope.Full), s_bare, s_gVisor,
        ]) { Scope = Scope.Quick },
        new("16 streams received", Workload.Receive, 16, s_bulk,
            [s_kernel, Packet(new("0.63", 0.9, 1.1)), PacketInline(new("0.82", 1.1, 1.3)), s_bare]),
        new("1 stream sent", Workload.Send, 1, s_bulk,
            [s_kernel, Packet(new("0.57 of the kernel", 0.95, 1.0, Basis.Ceiling)), s_bare, s_gVisor])
        { Scope = Scope.Quick },
        new("16 streams sent", Workload.Send, 16, s_bulk,
            [s_kernel, Packet(new("0.51 of the kernel", 0.95, 1.0, Basis.Ceiling)), s_bare]),
        new("64 threads that write", Workload.Crowd, 64, s_crowd, [s_kernel, Packet(new("0.41", 0.7, 1.0))]),
    ];

    private static IEnumerable<SpeedRow> Messages() =>
    [
        new("ping-pong 100 B, free CPUs", Workload.PingPong, 100, s_times,
            [s_kernel, Packet(new("0.84", 1.0, 1.4)), s_gVisor]) { Scope = Scope.Quick },
        new("ping-pong 100 B, split CPUs", Workload.PingPong, 100, s_times,
            [s_kernel, Packet(new("0.35", 0.9, 1.2))]) { Placement = Placement.Split },
        new("HttpClient, 1 connection", Workload.Http, 1, s_requests, [s_kernel, Packet(new("0.89", 1.1, 1.5))]),
        new("HttpClient, 64 connections", Workload.Http, 64, s_requests, [s_kernel, Packet(new("1.12", 1.2, 1.5))]),
        new("connect and close", Workload.Connect, 1, s_connections,
            [s_kernel, Packet(new("2.25", 1.75, 2.5)), s_gVisor]) { Scope = Scope.Quick },
    ];

    private static IEnumerable<SpeedRow> Others()
    {
        var segments = new Target("2.8–3.8", 3.8, 5, Basis.Figure);
        yield return new("two stacks by hand, segments of 1,460", Workload.Segments, 0, s_segments,
            [new(Contender.ByLink, Scope.Usual, segments), new(Contender.ByStacks, Scope.Usual, segments)]);
        yield return new("100,000 idle connections", Workload.Idle, 100_000, s_memory,
        [
            Packet(new("341", 250, 200, Basis.Figure), new("2,940", 2_400, 2_048, Basis.Figure)),
        ]);
    }

    private static IEnumerable<SpeedRow> WithoutOffloads()
    {
        Entry[] entries =
        [
            .. new[] { Contender.Kernel, Contender.Packet, Contender.Pcap }.Select(contender =>
                new Entry(contender with { Cable = CableKind.PlainVeth }, Scope.Full)),
        ];
        yield return new("1 stream received, offloads off", Workload.Receive, 1, s_bulk, entries)
        {
            Scope = Scope.Full,
        };
        yield return new("1 stream sent, offloads off", Workload.Send, 1, s_bulk, entries) { Scope = Scope.Full };
    }

    private static Entry Packet(Target first, Target? second = null) =>
        new(Contender.Packet, Scope.Quick, second is null ? [first] : [first, second]);

    private static Entry PacketInline(Target target) => new(Contender.PacketInline, Scope.Quick, target);
}
