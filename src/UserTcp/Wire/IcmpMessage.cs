using System.Buffers.Binary;

namespace UserTcp.Wire;

/// <summary>The ICMP types that mean anything here (RFC 792).</summary>
internal enum IcmpType : byte
{
    EchoReply = 0,
    DestinationUnreachable = 3,
    SourceQuench = 4,
    Redirect = 5,
    EchoRequest = 8,
    TimeExceeded = 11,
    ParameterProblem = 12,
}

/// <summary>The codes of <see cref="IcmpType.DestinationUnreachable"/> (RFC 792, RFC 1122 §3.2.2.1).</summary>
internal enum IcmpUnreachableCode : byte
{
    Network = 0,
    Host = 1,
    Protocol = 2,
    Port = 3,
    FragmentationNeeded = 4,
    SourceRouteFailed = 5,
    NetworkUnknown = 6,
    HostUnknown = 7,
    SourceHostIsolated = 8,
    NetworkProhibited = 9,
    HostProhibited = 10,
    NetworkTypeOfService = 11,
    HostTypeOfService = 12,
    AdministrativelyProhibited = 13,
    HostPrecedenceViolation = 14,
    PrecedenceCutoff = 15,
}

/// <summary>An ICMP message (RFC 792), a view over the payload of its packet.</summary>
internal readonly ref struct IcmpMessage
{
    /// <summary>Type, code, checksum, and the four bytes whose meaning depends on the type.</summary>
    public const int HeaderSize = 8;

    private readonly ReadOnlySpan<byte> _bytes;

    private IcmpMessage(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public IcmpType Type => (IcmpType)_bytes[0];

    public byte Code => _bytes[1];

    /// <summary>Of an echo (RFC 792).</summary>
    public ushort Identifier => BinaryPrimitives.ReadUInt16BigEndian(_bytes[4..]);

    /// <summary>Of an echo (RFC 792).</summary>
    public ushort SequenceNumber => BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]);

    /// <summary>
    /// Of a <see cref="IcmpUnreachableCode.FragmentationNeeded"/>; 0 from an old router (RFC 1191 §4).
    /// </summary>
    public ushort NextHopMtu => BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]);

    /// <summary>The data of an echo, or the packet that an error quotes.</summary>
    public ReadOnlySpan<byte> Body => _bytes[HeaderSize..];

    public bool HasValidChecksum => InternetChecksum.IsValid(InternetChecksum.Sum(_bytes));

    /// <summary>Whether this reports an error: such a message is never answered by another (RFC 1122 §3.2.2).</summary>
    public bool IsError => IsErrorType(Type);

    public static bool IsErrorType(IcmpType type) =>
        type is IcmpType.DestinationUnreachable or IcmpType.SourceQuench or IcmpType.Redirect
            or IcmpType.TimeExceeded or IcmpType.ParameterProblem;

    /// <summary>False for a message too short for the header; the checksum is a step of its own.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out IcmpMessage message)
    {
        message = bytes.Length >= HeaderSize ? new(bytes) : default;
        return bytes.Length >= HeaderSize;
    }

    /// <summary>Writes an echo or its reply, checksum included; answers the message's length.</summary>
    public static int WriteEcho(
        Span<byte> destination, IcmpType type, ushort identifier, ushort sequenceNumber, ReadOnlySpan<byte> data) =>
        Write(destination, type, 0, (uint)identifier << 16 | sequenceNumber, data);

    /// <summary>Writes an error that quotes a packet, checksum included; answers the message's length.</summary>
    public static int WriteError(
        Span<byte> destination, IcmpType type, byte code, uint rest, ReadOnlySpan<byte> quote) =>
        Write(destination, type, code, rest, quote);

    private static int Write(Span<byte> destination, IcmpType type, byte code, uint rest, ReadOnlySpan<byte> body)
    {
        Span<byte> message = destination[..(HeaderSize + body.Length)];
        body.CopyTo(message[HeaderSize..]);
        message[0] = (byte)type;
        message[1] = code;
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(message[4..], rest);
        ushort checksum = InternetChecksum.Complete(InternetChecksum.Sum(message));
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], checksum);
        return message.Length;
    }
}
