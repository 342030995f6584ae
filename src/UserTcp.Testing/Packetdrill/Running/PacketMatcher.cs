using UserTcp.Testing.Packetdrill.Syntax;
using UserTcp.Wire;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>
/// Whether a segment is the one that a script expects. Normalised, what any TCP owes: numbers, flags but PSH, options
/// without their padding; of windows only whether they are closed; a RST may carry an ACK besides, which its receiver
/// does not look at. Strict, all that is written.
/// </summary>
internal static class PacketMatcher
{
    private const TcpFlags AllFlags = (TcpFlags)0xff;

    /// <summary>Null if it is; else what differs.</summary>
    public static string? Difference(PacketPattern expected, SentSegmentView actual, bool isStrict)
    {
        TcpFlags compared = isStrict ? AllFlags : AllFlags & ~TcpFlags.Psh;
        TcpFlags flags = PacketBuilder.FlagsOf(expected.Flags);
        if (!isStrict)
            (flags, expected) = WithoutRepeatedFin(flags, expected, actual);
        bool isPlainRst = !isStrict && flags == TcpFlags.Rst && actual.Flags == (TcpFlags.Rst | TcpFlags.Ack);
        if ((flags & compared) != (actual.Flags & compared) && !isPlainRst)
            return "flags";
        if (expected.Length != actual.Length)
            return "length";
        if (IsOtherNumber(expected, actual))
            return "sequence number";
        if (expected.Ack is { } ack && expected.HasAck && ack != (expected.IsAckAbsolute ? actual.WireAck : actual.Ack))
            return "acknowledgment number";
        if (expected.Urgent is { } urgent && urgent != actual.Urgent)
            return "urgent pointer";

        return DifferenceOfWindow(expected, actual, isStrict) ?? DifferenceOfIp(expected, actual, isStrict)
            ?? DifferenceOfOptions(expected, actual, isStrict);
    }

    // The stack's own SYN tells where its numbers begin, whatever the script calls it.
    private static bool IsOtherNumber(PacketPattern expected, SentSegmentView actual) => expected switch
    {
        { IsSequenceFree: true } => false,
        { IsSequenceAbsolute: true } => expected.Start != actual.WireSeq,
        _ => !expected.IsSyn && expected.Start != actual.Start,
    };

    // An ACK that is owed may carry a FIN once more that was sent before, or may not.
    private static (TcpFlags Flags, PacketPattern Expected) WithoutRepeatedFin(
        TcpFlags flags, PacketPattern expected, SentSegmentView actual)
    {
        bool isRepeated = expected.Length == 0 && actual.Length == 0 && (flags & TcpFlags.Fin) != 0
            && (actual.Flags & (TcpFlags.Fin | TcpFlags.Rst | TcpFlags.Ack)) == TcpFlags.Ack
            && actual.Start == expected.Start + 1;
        return isRepeated
            ? (flags & ~TcpFlags.Fin, expected with { Start = actual.Start })
            : (flags, expected);
    }

    private static string? DifferenceOfWindow(PacketPattern expected, SentSegmentView actual, bool isStrict)
    {
        if (expected.Window is not { } window || (actual.Flags & TcpFlags.Rst) != 0)
            return null;

        bool isSame = isStrict ? window == actual.Window : (window == 0) == (actual.Window == 0);
        return isSame ? null : "window";
    }

    // A RST may come from where nothing is known of a connection's settings.
    private static string? DifferenceOfIp(PacketPattern expected, SentSegmentView actual, bool isStrict)
    {
        if (!isStrict && (actual.Flags & TcpFlags.Rst) != 0)
            return null;
        if (expected.TrafficClass is { } trafficClass && (trafficClass & 0xfc) != (actual.TrafficClass & 0xfc))
            return "traffic class";
        if (expected.TimeToLive is { } timeToLive && timeToLive != actual.TimeToLive)
            return "time to live";

        int ecn = actual.TrafficClass & 3;
        bool isSame = expected.Ecn switch
        {
            EcnPattern.Unspecified => true,
            EcnPattern.None => ecn == 0,
            EcnPattern.Ect1 => ecn == 1,
            EcnPattern.Ect0 => ecn == 2,
            EcnPattern.EitherEct => ecn is 1 or 2,
            _ => ecn == 3,
        };
        return isSame ? null : "ECN bits";
    }

    private static string? DifferenceOfOptions(PacketPattern expected, SentSegmentView actual, bool isStrict)
    {
        if (expected.Options is not { } options)
            return null;

        IReadOnlyList<OptionPattern> wanted = isStrict ? options : Normalise(options);
        IReadOnlyList<OptionPattern> present = isStrict ? actual.Options : Normalise(actual.Options);
        if (wanted.Count != present.Count)
            return "options";
        for (int i = 0; i < wanted.Count; i++)
        {
            if (!IsSame(wanted[i], present[i], isStrict))
                return $"option {SentSegmentView.OptionText(wanted[i])}";
        }

        return null;
    }

    private static List<OptionPattern> Normalise(IReadOnlyList<OptionPattern> options) =>
        [.. options.Where(option => option.Kind is not (OptionKind.NoOperation or OptionKind.EndOfList))
            .OrderBy(option => option.Kind)];

    private static bool IsSame(OptionPattern wanted, OptionPattern present, bool isStrict) =>
        wanted.Kind == present.Kind && wanted.Kind switch
        {
            OptionKind.MaximumSegmentSize => wanted.Value == present.Value,
            OptionKind.WindowScale => !isStrict || wanted.Value == present.Value,
            OptionKind.Timestamps => wanted.Echo == 0 || !isStrict || wanted.Echo == present.Echo,
            OptionKind.Sack => wanted.Blocks.SequenceEqual(present.Blocks),
            _ => true,
        };
}
