using UserTcp.Primitives;
using UserTcp.Tcp.Receive;
using UserTcp.Wire;

namespace UserTcp.Tcp;

/// <summary>The options of SYN and SYN-ACK: what is offered, and what is answered.</summary>
internal static class SynOptions
{
    /// <summary>
    /// All that we offer (RFC 9293 §3.7.1, MUST-14, SHLD-5, MAY-3; RFC 7323 §2.2, §3.2; RFC 2018 §2).
    /// </summary>
    public static TcpOptions Of(TcpConfig config, uint tsVal) => new()
    {
        HasMss = config.OffersMss,
        Mss = (ushort)Math.Min(config.ReceiveMss.Bytes, ushort.MaxValue),
        HasWindowScale = config.WindowScaling,
        WindowScale = config.WindowScaling ? WindowScale.For((uint)config.ReceiveBufferBytes) : WindowScale.None,
        SackPermitted = config.SelectiveAcknowledgments,
        HasTimestamps = config.Timestamps,
        TsVal = config.Timestamps ? tsVal : 0,
    };

    /// <summary>A SYN-ACK carries an option only if the SYN did.</summary>
    public static void Answer(
        ref TcpOptions options, bool peerHasSack, in Timestamps peerTimestamps, bool peerScales)
    {
        options.SackPermitted &= peerHasSack;
        options.HasWindowScale &= peerScales;
        options.HasTimestamps &= peerTimestamps.IsNegotiated;
        options.TsVal = options.HasTimestamps ? options.TsVal : 0;
        options.TsEcr = options.HasTimestamps ? peerTimestamps.Recent : 0;
    }
}
