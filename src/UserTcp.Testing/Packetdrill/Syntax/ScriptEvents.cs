namespace UserTcp.Testing.Packetdrill.Syntax;

internal enum TimeKind : byte
{
    /// <summary>Since the beginning of the script.</summary>
    Absolute,

    /// <summary>Since the event before it.</summary>
    Relative,

    /// <summary>Whenever it comes.</summary>
    Any,
}

/// <summary>When something happens, at the earliest and at the latest.</summary>
/// <param name="Kind">What the times count from.</param>
/// <param name="Start">The time, or the earliest.</param>
/// <param name="End">The latest; the same as the start but in ranges.</param>
/// <param name="Return">When a blocking call returns, from where <paramref name="Start"/> counts.</param>
internal readonly record struct EventTime(TimeKind Kind, TimeSpan Start, TimeSpan End, TimeSpan? Return = null);

/// <summary>Something that a script makes happen, or waits for.</summary>
internal abstract record ScriptEvent(int Line, EventTime Time);

/// <summary>A packet to inject, or to be sent by the stack.</summary>
internal sealed record PacketEvent(int Line, EventTime Time, bool IsInbound, PacketPattern Packet, string Text)
    : ScriptEvent(Line, Time);

/// <summary>A system call and what it returns.</summary>
internal sealed record CallEvent(
    int Line, EventTime Time, string Name, IReadOnlyList<Expression> Arguments, Expression Result, string? Error)
    : ScriptEvent(Line, Time);

/// <summary>A command of the shell, which there is none of here: what it means is recognized by its words.</summary>
internal sealed record CommandEvent(int Line, EventTime Time, string Command) : ScriptEvent(Line, Time);

/// <summary>Assertions about the connection.</summary>
internal sealed record CodeEvent(int Line, EventTime Time, string Code) : ScriptEvent(Line, Time);

/// <summary>The ECN bits that a packet has, or must have.</summary>
internal enum EcnPattern : byte
{
    /// <summary>Not looked at; sent without.</summary>
    Unspecified,
    None,
    Ect0,
    Ect1,
    EitherEct,
    Ce,
}

/// <summary>A TCP segment, or an ICMP message about one, as it is written.</summary>
internal sealed record PacketPattern
{
    public EcnPattern Ecn { get; init; }

    public byte? TrafficClass { get; init; }

    public byte? TimeToLive { get; init; }

    /// <summary>Of both ends, if they are not those of the connection under test.</summary>
    public (ushort Local, ushort Remote)? Ports { get; init; }

    /// <summary>Null for a TCP segment.</summary>
    public IcmpPattern? Icmp { get; init; }

    public string Flags { get; init; } = "";

    public uint Start { get; init; }

    public uint End { get; init; }

    public int Length { get; init; }

    /// <summary>Whether the sequence number does not matter.</summary>
    public bool IsSequenceFree { get; init; }

    /// <summary>Whether the sequence number is that on the wire, not counted from the SYN.</summary>
    public bool IsSequenceAbsolute { get; init; }

    public uint? Ack { get; init; }

    /// <summary>Whether the acknowledgment number is that on the wire.</summary>
    public bool IsAckAbsolute { get; init; }

    public ushort? Window { get; init; }

    public ushort? Urgent { get; init; }

    /// <summary>Null: any options whatever.</summary>
    public IReadOnlyList<OptionPattern>? Options { get; init; } = [];

    public bool IsSyn => Flags.Contains('S', StringComparison.Ordinal);

    public bool HasAck => Flags.Contains('.', StringComparison.Ordinal);
}

/// <summary>An ICMP message.</summary>
internal sealed record IcmpPattern(byte Type, byte Code)
{
    /// <summary>0 if it is not said.</summary>
    public int Mtu { get; init; }

    public ushort Identifier { get; init; }

    /// <summary>The number of the segment that an error is about; null if it is not said.</summary>
    public uint? QuotedStart { get; init; }

    public int QuotedLength { get; init; }

    /// <summary>Whether that number is the one on the wire.</summary>
    public bool IsQuoteAbsolute { get; init; }
}

internal enum OptionKind : byte
{
    EndOfList,
    NoOperation,
    MaximumSegmentSize,
    WindowScale,
    SackPermitted,
    Sack,
    Timestamps,
}

/// <summary>An option of TCP as it is written.</summary>
internal sealed record OptionPattern(OptionKind Kind)
{
    /// <summary>The segment size, the shift, or TSval.</summary>
    public uint Value { get; init; }

    public uint Echo { get; init; }

    public IReadOnlyList<(uint Left, uint Right)> Blocks { get; init; } = [];
}

/// <summary>An argument or a result of a system call.</summary>
internal abstract record Expression;

internal sealed record AnyValue : Expression;

internal sealed record IntegerValue(long Value) : Expression;

internal sealed record NameValue(string Name) : Expression;

internal sealed record TextValue(string Text) : Expression;

internal sealed record AnyOf(IReadOnlyList<Expression> Parts) : Expression;

internal sealed record ListValue(IReadOnlyList<Expression> Items) : Expression;

internal sealed record StructValue(IReadOnlyList<(string Name, Expression Value)> Fields) : Expression
{
    public Expression? Field(string name) => Fields.FirstOrDefault(field => field.Name == name).Value;
}
