using System.Text.Json.Serialization;

#if !COMPANION
namespace UserTcp.Diagnostics;
#else
namespace UserTcp.Tool.Sockets; // the tool reads these lines, and compiles this file
#endif

/// <summary>
/// The protocol of a diagnostics endpoint, version 1: the client sends one line, <see cref="DiagnosticsRequest"/>. The
/// endpoint answers with lines of JSON and closes; the last line is an end or an error. Names are snake_case, times are
/// microseconds, sizes bytes, rates bytes per second. Readers ignore names that they do not know; a change that they
/// would misunderstand is another version.
/// </summary>
internal static class DiagnosticsProtocol
{
    /// <summary>The version that is spoken here.</summary>
    public const int Version = 1;

    /// <summary>The query for listeners and connections.</summary>
    public const string Sockets = "sockets";
}

/// <summary>What a client asks for.</summary>
internal sealed record DiagnosticsRequest
{
    public int Version { get; init; }

    public string? Query { get; init; }
}

/// <summary>A line of an answer: exactly one of its parts is there.</summary>
internal sealed record DiagnosticsLine
{
    /// <summary>The first line.</summary>
    public StackLine? Stack { get; init; }

    public ListenerLine? Listener { get; init; }

    public ConnectionLine? Connection { get; init; }

    /// <summary>The last line: how many listeners and connections came before.</summary>
    public int? End { get; init; }

    /// <summary>The last line in place of the end: why there is no answer, or no more of it.</summary>
    public string? Error { get; init; }
}

/// <summary>The process and its stack.</summary>
internal sealed record StackLine
{
    public int Version { get; init; }

    public int ProcessId { get; init; }

    public string Process { get; init; } = "";

    /// <summary>The name of the stack; null before it started.</summary>
    public string? Name { get; init; }

    public string State { get; init; } = "";

    public IReadOnlyList<string> Addresses { get; init; } = [];

    public int Connections { get; init; }

    /// <summary>Handshakes of peers under way.</summary>
    public int HalfOpen { get; init; }

    public int TimeWait { get; init; }
}

/// <summary>A listener.</summary>
internal sealed record ListenerLine
{
    /// <summary>Where it listens; *:* stands for any address.</summary>
    public string Local { get; init; } = "";

    public int Pending { get; init; }

    public int Backlog { get; init; }

    public int HalfOpen { get; init; }

    public long Accepted { get; init; }

    public long Overflows { get; init; }

    public long SynCookiesSent { get; init; }
}

/// <summary>A connection: its ends, its queues, and the fields of <c>tcp_info</c>.</summary>
internal sealed record ConnectionLine
{
    public string Local { get; init; } = "";

    public string Remote { get; init; } = "";

    /// <summary>As RFC 9293 calls it: <c>Established</c>, <c>FinWait1</c>.</summary>
    public string State { get; init; } = "";

    /// <summary>Bytes that the application has not read.</summary>
    public long ReceiveQueue { get; init; }

    /// <summary>Bytes that the peer has not acknowledged.</summary>
    public long SendQueue { get; init; }

    /// <summary>Whether the application let go of it.</summary>
    public bool Orphan { get; init; }

    public string CongestionControl { get; init; } = "";

    public string Recovery { get; init; } = "";

    public bool Timestamps { get; init; }

    public bool Sack { get; init; }

    public bool Ecn { get; init; }

    public int SendScale { get; init; }

    public int ReceiveScale { get; init; }

    public long RtoUs { get; init; }

    public long RttUs { get; init; }

    public long RttVarianceUs { get; init; }

    public long MinRttUs { get; init; }

    public long ReceiverRttUs { get; init; }

    public int Backoff { get; init; }

    public int SegmentSize { get; init; }

    public int ReceiveSegmentSize { get; init; }

    public int PathMtu { get; init; }

    public long CongestionWindow { get; init; }

    public long SlowStartThreshold { get; init; }

    public long PeerWindow { get; init; }

    public long ReceiveWindow { get; init; }

    /// <summary>Bytes sent and not acknowledged.</summary>
    public long Unacknowledged { get; init; }

    public long NotSent { get; init; }

    /// <summary>Unacknowledged bytes that were lost, those that are under way again included.</summary>
    public long BytesLost { get; init; }

    /// <summary>Lost bytes that are under way again.</summary>
    public long BytesUnderWayAgain { get; init; }

    public long BytesSacked { get; init; }

    public long BytesSent { get; init; }

    public long BytesAcked { get; init; }

    public long BytesReceived { get; init; }

    public long BytesRetransmitted { get; init; }

    public long SegmentsSent { get; init; }

    public long SegmentsReceived { get; init; }

    public long Retransmits { get; init; }

    public long OutOfOrderSegments { get; init; }

    public bool ReorderingSeen { get; init; }

    public double PacingRate { get; init; }

    public double DeliveryRate { get; init; }

    public bool DeliveryRateAppLimited { get; init; }

    public long BusyUs { get; init; }

    public long PeerWindowLimitedUs { get; init; }

    public long SendBufferLimitedUs { get; init; }

    public int SendBuffer { get; init; }

    public int ReceiveBuffer { get; init; }

    public long UptimeUs { get; init; }

    /// <summary>Since text was sent; null if none ever was.</summary>
    public long? SinceSendUs { get; init; }

    /// <summary>Since a segment came; null if none ever did.</summary>
    public long? SinceReceiveUs { get; init; }
}

/// <summary>The generated readers and writers of these lines: no reflection, which trimming breaks.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DiagnosticsRequest))]
[JsonSerializable(typeof(DiagnosticsLine))]
internal sealed partial class DiagnosticsJson : JsonSerializerContext;
