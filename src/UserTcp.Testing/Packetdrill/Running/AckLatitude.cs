using UserTcp.Testing.Packetdrill.Syntax;
using UserTcp.Wire;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>
/// The freedom that a receiver has in acknowledging what arrives in order: at once or within half a second, each
/// segment or every second one (RFC 9293 §3.8.6.3), and with the window as it opens. Scripts show the choice of the
/// system that they were written for.
/// </summary>
internal sealed class AckLatitude
{
    private uint? _ack;
    private ushort _window;

    /// <summary>RFC 9293 §3.8.6.3 (MUST-40).</summary>
    public static TimeSpan LongestDelay { get; } = TimeSpan.FromMilliseconds(500);

    public static bool MayBeDelayed(PacketPattern expected) =>
        expected.Flags == "." && expected.Length == 0 && expected.Window != 0
        && expected.Options?.All(option => option.Kind != OptionKind.Sack) != false;

    public void OnMatched(SentSegmentView sent)
    {
        _ack = sent.Ack;
        _window = sent.Window;
    }

    /// <summary>Whether it is an ACK, or news of the window, that another receiver would have left out.</summary>
    public bool MaySkip(SentSegmentView sent, PacketPattern expected)
    {
        bool isPureAck = sent.Flags == TcpFlags.Ack && sent.Length == 0 && sent.Window > 0
            && sent.Options.All(option => option.Kind != OptionKind.Sack);
        if (!isPureAck || _ack is not { } last || expected.IsSyn)
            return false;

        int advance = unchecked((int)(sent.Ack - last));
        bool isBelow = expected.Ack is not { } ack || unchecked((int)(ack - sent.Ack)) >= 0;
        bool isNews = advance > 0 || (advance == 0 && sent.Window > _window);
        if (isNews && isBelow)
            OnMatched(sent);
        return isNews && isBelow;
    }
}
