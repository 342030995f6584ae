using System.Buffers.Binary;
using System.Text;
using UserTcp.Primitives;
using UserTcp.Testing.Packetdrill.Syntax;
using UserTcp.Wire;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>A segment that the stack sent, in the numbers of the script.</summary>
internal sealed record SentSegmentView
{
    public Instant At { get; init; }

    public PortPair Ports { get; init; }

    public TcpFlags Flags { get; init; }

    public uint WireSeq { get; init; }

    public uint Start { get; init; }

    public int Length { get; init; }

    public uint Ack { get; init; }

    public uint WireAck { get; init; }

    public ushort Window { get; init; }

    public ushort Urgent { get; init; }

    public byte TrafficClass { get; init; }

    public byte TimeToLive { get; init; }

    public IReadOnlyList<OptionPattern> Options { get; init; } = [];

    public uint End => unchecked(Start + (uint)Length);

    public static bool IsTcp(WirePacket packet) =>
        Ipv4Header.TryParse(packet.Bytes, out Ipv4Header ip) && ip.Protocol == IpProtocol.Tcp;

    /// <summary>Null for what is no TCP.</summary>
    public static SentSegmentView? Parse(WirePacket packet, NumberMap numbers)
    {
        if (!Ipv4Header.TryParse(packet.Bytes, out Ipv4Header ip) || ip.Protocol != IpProtocol.Tcp
            || !TcpSegment.TryParse(ip.Payload, out TcpSegment segment))
        {
            return null;
        }

        int header = (ip.Payload[12] >> 4) * 4;
        bool isSyn = segment.Has(TcpFlags.Syn);
        return new SentSegmentView
        {
            At = packet.At,
            Ports = new PortPair(segment.SourcePort, segment.DestinationPort),
            Flags = segment.Flags,
            WireSeq = segment.Seq.Value,
            Start = numbers.LocalToScript(segment.Seq.Value, isSyn),
            Length = segment.Text.Length,
            Ack = segment.Has(TcpFlags.Ack) ? numbers.RemoteToScript(segment.Ack.Value, isSyn) : 0,
            WireAck = segment.Ack.Value,
            Window = segment.Window.Value,
            Urgent = segment.UrgentPointer,
            TrafficClass = ip.TrafficClass,
            TimeToLive = ip.TimeToLive,
            Options = ParseOptions(ip.Payload[TcpSegment.HeaderSize..header], numbers),
        };
    }

    /// <summary>In the words of a script.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(FlagText(Flags)).Append($" {(int)Start}:{(int)End}({Length})");
        if ((Flags & TcpFlags.Ack) != 0)
            text.Append($" ack {(int)Ack}");
        text.Append($" win {Window}");
        if (Urgent != 0)
            text.Append($" urg {Urgent}");
        if (Options.Count > 0)
            text.Append(" <").AppendJoin(',', Options.Select(OptionText)).Append('>');
        return text.ToString();
    }

    public static string OptionText(OptionPattern option) => option.Kind switch
    {
        OptionKind.EndOfList => "eol",
        OptionKind.NoOperation => "nop",
        OptionKind.MaximumSegmentSize => $"mss {option.Value}",
        OptionKind.WindowScale => $"wscale {option.Value}",
        OptionKind.SackPermitted => "sackOK",
        OptionKind.Timestamps => $"TS val {option.Value} ecr {option.Echo}",
        _ => $"sack {string.Join(' ', option.Blocks.Select(block => $"{(int)block.Left}:{(int)block.Right}"))}",
    };

    private static string FlagText(TcpFlags flags)
    {
        (TcpFlags Flag, char Letter)[] letters =
        [
            (TcpFlags.Syn, 'S'), (TcpFlags.Fin, 'F'), (TcpFlags.Rst, 'R'), (TcpFlags.Psh, 'P'), (TcpFlags.Urg, 'U'),
            (TcpFlags.Ece, 'E'), (TcpFlags.Cwr, 'W'), (TcpFlags.Ack, '.'),
        ];
        string text = string.Concat(letters.Where(one => (flags & one.Flag) != 0).Select(one => one.Letter));
        return text.Length == 0 ? "-" : text;
    }

    private static List<OptionPattern> ParseOptions(ReadOnlySpan<byte> bytes, NumberMap numbers)
    {
        var options = new List<OptionPattern>();
        while (bytes.Length > 0)
        {
            int length = bytes[0] <= 1 ? 1 : bytes.Length > 1 ? bytes[1] : 0;
            if (length == 0 || length > bytes.Length)
                break;
            if (ParseOption(bytes[..length], numbers) is { } option)
                options.Add(option);
            bytes = bytes[length..];
        }

        return options;
    }

    private static OptionPattern? ParseOption(ReadOnlySpan<byte> option, NumberMap numbers) => option[0] switch
    {
        0 => new OptionPattern(OptionKind.EndOfList),
        1 => new OptionPattern(OptionKind.NoOperation),
        2 => new OptionPattern(OptionKind.MaximumSegmentSize)
        {
            Value = BinaryPrimitives.ReadUInt16BigEndian(option[2..]),
        },
        3 => new OptionPattern(OptionKind.WindowScale) { Value = option[2] },
        4 => new OptionPattern(OptionKind.SackPermitted),
        5 => ParseSack(option, numbers),
        8 => new OptionPattern(OptionKind.Timestamps)
        {
            Value = BinaryPrimitives.ReadUInt32BigEndian(option[2..]),
            Echo = BinaryPrimitives.ReadUInt32BigEndian(option[6..]),
        },
        _ => null,
    };

    private static OptionPattern ParseSack(ReadOnlySpan<byte> option, NumberMap numbers)
    {
        var blocks = new List<(uint Left, uint Right)>();
        for (int i = 2; i + 8 <= option.Length; i += 8)
        {
            blocks.Add((
                numbers.RemoteToScript(BinaryPrimitives.ReadUInt32BigEndian(option[i..]), isSyn: false),
                numbers.RemoteToScript(BinaryPrimitives.ReadUInt32BigEndian(option[(i + 4)..]), isSyn: false)));
        }

        return new OptionPattern(OptionKind.Sack) { Blocks = blocks };
    }
}
