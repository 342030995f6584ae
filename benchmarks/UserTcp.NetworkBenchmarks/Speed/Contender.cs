namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>A participant of a row.</summary>
/// <param name="Link">A scheme of the stack's links, or one of the constants.</param>
/// <param name="Cable">Between it and the peer.</param>
/// <param name="Scheduler">Where the application runs, for the report.</param>
internal sealed record Contender(string Link, CableKind Cable, string Scheduler = Contender.Pool)
{
    public const string Pool = "pool";
    public const string Inline = "inline";
    private const string KernelLink = "kernel";
    private const string BareLink = "bare";
    private const string GVisorLink = "gVisor netstack";

    public static Contender Kernel { get; } = new(KernelLink, CableKind.Veth);

    public static Contender Packet { get; } = new("packet", CableKind.Veth);

    public static Contender PacketInline { get; } = Packet with { Scheduler = Inline };

    public static Contender Tap { get; } = new("tap", CableKind.Tap);

    public static Contender TapInline { get; } = Tap with { Scheduler = Inline };

    public static Contender Pcap { get; } = new("pcap", CableKind.Veth);

    /// <summary>A sender or receiver without a stack, over a packet socket.</summary>
    public static Contender Bare { get; } = new(BareLink, CableKind.Veth, "one thread");

    public static Contender GVisor { get; } = new(GVisorLink, CableKind.Veth, "");

    /// <summary>Two stacks by hand; the link vouches for checksums.</summary>
    public static Contender ByLink { get; } = new("memory, checksums by the link", CableKind.None, "by hand");

    /// <summary>Two stacks by hand, which finish and verify checksums.</summary>
    public static Contender ByStacks { get; } = ByLink with { Link = "memory, checksums by the stacks" };

    /// <summary>The shards of the stack.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>Whether it is the build of before.</summary>
    public bool IsBefore { get; init; }

    public bool IsKernel => Link == KernelLink;

    public bool IsBare => Link == BareLink;

    public bool IsGVisor => Link == GVisorLink;

    public bool IsInline => Scheduler == Inline;

    /// <summary>Whether it is a stack of ours, of which there may be a build of before.</summary>
    public bool IsOurs => !IsKernel && !IsBare && !IsGVisor;

    /// <summary>The kernel that figures are compared with: on such a cable, or on the veth for a TAP.</summary>
    public Contender Reference => Cable == CableKind.PlainVeth ? Kernel with { Cable = Cable } : Kernel;

    /// <summary>The link as the report names it.</summary>
    public string LinkName =>
        Link + (Shards > 1 ? $", {Shards} shards" : "") + (Cable == CableKind.PlainVeth ? ", offloads off" : "")
        + (IsBefore ? ", before" : "");

    /// <summary>The whole name.</summary>
    public override string ToString() => Scheduler.Length == 0 ? LinkName : $"{LinkName}, {Scheduler}";
}
