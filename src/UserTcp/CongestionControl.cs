using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using UserTcp.Primitives;

namespace UserTcp;

/// <summary>
/// A congestion control algorithm: makes a controller for each connection. Open, not an enumeration, so that one of
/// your own can be plugged in. Implementations must be thread-safe; controllers need not be. Configuration binding
/// reads those that are here from their names.
/// </summary>
[TypeConverter(typeof(CongestionControlConverter))]
public abstract class CongestionControl
{
    /// <summary>CUBIC (RFC 9438) with HyStart++ (RFC 9406): what the internet's senders use. The default.</summary>
    public static CongestionControl Cubic { get; } = new CubicControl("cubic", usesHyStart: true);

    /// <summary>CUBIC whose first slow start ends with a loss, not before.</summary>
    public static CongestionControl CubicWithoutHyStart { get; } =
        new CubicControl("cubic-without-hystart", usesHyStart: false);

    /// <summary>Slow start, congestion avoidance and multiplicative decrease of RFC 5681.</summary>
    public static CongestionControl NewReno { get; } = new NewRenoControl();

    /// <summary>The name, as <see cref="UserTcpConnectionInfo.CongestionControl"/> shows it.</summary>
    public abstract string Name { get; }

    /// <summary>Makes the controller of a connection that is about to send its first text.</summary>
    /// <param name="context">The connection.</param>
    /// <param name="initialWindow">The window to begin with, in bytes (RFC 6928).</param>
    /// <returns>A controller of its own for this connection.</returns>
    [Experimental("UTCP001")]
    public abstract ICongestionController CreateController(in CongestionContext context, long initialWindow);

    /// <inheritdoc/>
    public override string ToString() => Name;

    private sealed class CubicControl(string name, bool usesHyStart) : CongestionControl
    {
        public override string Name => name;

        public override ICongestionController CreateController(in CongestionContext context, long initialWindow) =>
            new Tcp.Congestion.Cubic(context.SegmentSize, initialWindow, usesHyStart);
    }

    private sealed class NewRenoControl : CongestionControl
    {
        public override string Name => "newreno";

        public override ICongestionController CreateController(in CongestionContext context, long initialWindow) =>
            new Tcp.Congestion.NewReno(context.SegmentSize, initialWindow);
    }
}

/// <summary>Lets configuration binding read a <see cref="CongestionControl"/> from its name.</summary>
internal sealed class CongestionControlConverter : TextConverter
{
    protected override object Parse(string text)
    {
        CongestionControl[] known =
            [CongestionControl.Cubic, CongestionControl.CubicWithoutHyStart, CongestionControl.NewReno];
        return known.FirstOrDefault(one => one.Name.Equals(text, StringComparison.OrdinalIgnoreCase))
            ?? throw new FormatException(
                $"'{text}' is no congestion control: {string.Join(", ", known.Select(one => one.Name))}.");
    }
}
