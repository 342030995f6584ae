using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Dump;

/// <summary>A TCP segment in tcpdump's words.</summary>
internal static class TcpText
{
    private const byte End = 0, Nothing = 1, SegmentSize = 2, Scale = 3, SackPermitted = 4, Sack = 5, Timestamps = 8;
    private const string FlagLetters = "FSRP.UEW"; // from the lowest bit

    /// <summary>The words behind the end points.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="numbers">Its sequence and acknowledgment number, as they are to be shown.</param>
    /// <param name="tcp">The part of it that was kept.</param>
    /// <param name="checksum">The words about the checksum; empty for none.</param>
    public static string Of(
        TraceSegment segment, (uint Sequence, uint Acknowledgment) numbers, ReadOnlySpan<byte> tcp, string checksum)
    {
        var text = new StringBuilder("Flags [").Append(FlagsOf(segment.Flags)).Append(']').Append(checksum);
        if (segment.Length > 0 || (segment.Flags & 7) != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $", seq {numbers.Sequence}");
            if (segment.Length > 0)
                text.Append(CultureInfo.InvariantCulture, $":{numbers.Sequence + (uint)segment.Length}");
        }

        if (segment.HasAcknowledgment)
            text.Append(CultureInfo.InvariantCulture, $", ack {numbers.Acknowledgment}");
        text.Append(CultureInfo.InvariantCulture, $", win {segment.Window}");
        if ((segment.Flags & 0x20) != 0)
            text.Append(CultureInfo.InvariantCulture, $", urg {BinaryPrimitives.ReadUInt16BigEndian(tcp[18..])}");
        string options = OptionsOf(
            TraceSegment.OptionsOf(tcp, (tcp[12] >> 4) * 4), segment.Acknowledgment - numbers.Acknowledgment);
        if (options.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $", options [{options}]");
        return text.Append(CultureInfo.InvariantCulture, $", length {segment.Length}").ToString();
    }

    private static string FlagsOf(byte flags)
    {
        var letters = new StringBuilder();
        for (int i = 0; i < FlagLetters.Length; i++)
        {
            if ((flags & 1 << i) != 0)
                letters.Append(FlagLetters[i]);
        }

        return letters.Length == 0 ? "none" : letters.ToString();
    }

    private static string OptionsOf(ReadOnlySpan<byte> options, uint peerBase)
    {
        List<string> words = [];
        while (!options.IsEmpty)
        {
            byte kind = options[0];
            if (kind is End or Nothing)
            {
                words.Add(kind == Nothing ? "nop" : "eol");
                options = options[1..];
                continue;
            }

            if (options.Length < 2 || options[1] < 2 || options[1] > options.Length)
            {
                words.Add("[bad opt]");
                break;
            }

            words.Add(OptionOf(kind, options[2..options[1]], peerBase));
            options = options[options[1]..];
        }

        return string.Join(',', words);
    }

    private static string OptionOf(byte kind, ReadOnlySpan<byte> value, uint peerBase) => (kind, value.Length) switch
    {
        (SegmentSize, 2) => $"mss {BinaryPrimitives.ReadUInt16BigEndian(value)}",
        (Scale, 1) => $"wscale {value[0]}",
        (SackPermitted, 0) => "sackOK",
        (Timestamps, 8) => "TS val " + Number(value) + " ecr " + Number(value[4..]),
        (Sack, >= 8) => SackOf(value, peerBase),
        _ => value.IsEmpty
            ? $"unknown-{kind}"
            : $"unknown-{kind} 0x{Convert.ToHexStringLower(value)}",
    };

    private static string SackOf(ReadOnlySpan<byte> value, uint peerBase)
    {
        var text = new StringBuilder("sack ").Append(value.Length / 8).Append(' ');
        for (; value.Length >= 8; value = value[8..])
        {
            text.Append('{').Append(Number(value, peerBase)).Append(':')
                .Append(Number(value[4..], peerBase)).Append('}');
        }

        return text.ToString();
    }

    private static string Number(ReadOnlySpan<byte> bytes, uint start = 0) =>
        (BinaryPrimitives.ReadUInt32BigEndian(bytes) - start).ToString(CultureInfo.InvariantCulture);
}
