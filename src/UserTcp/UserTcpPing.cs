using System.Net;
using System.Net.NetworkInformation;

namespace UserTcp;

/// <summary>How <see cref="UserTcpStack.PingAsync"/> asks. Validated and copied at the call. Not thread-safe.</summary>
public sealed class UserTcpPingOptions
{
    /// <summary>How long to wait for the answer, from 1 ms to 1 h. Default: 4 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>The bytes to send and to expect back, from 0 to 1,400. Default: 32.</summary>
    public int DataLength { get; set; } = 32;

    /// <summary>How many routers the request may pass, from 1. Default: 64.</summary>
    public byte TimeToLive { get; set; } = 64;

    internal void Check()
    {
        OptionCheck.InRange(Timeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), nameof(Timeout));
        OptionCheck.InRange(DataLength, 0, 1400, nameof(DataLength));
        OptionCheck.InRange(TimeToLive, 1, byte.MaxValue, nameof(TimeToLive));
    }
}

/// <summary>The outcome of <see cref="UserTcpStack.PingAsync"/>. Immutable and thread-safe.</summary>
/// <param name="Status"><see cref="IPStatus.Success"/>, <see cref="IPStatus.TimedOut"/>, or what a router said.</param>
/// <param name="Address">The host that answered; without an answer, the host that was asked.</param>
/// <param name="RoundTripTime">From the request to the answer; zero without an answer.</param>
/// <param name="DataLength">The bytes that came back.</param>
public readonly record struct UserTcpPingReply(
    IPStatus Status, IPAddress Address, TimeSpan RoundTripTime, int DataLength);
