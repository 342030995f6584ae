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

    /// <summary>Checks every option, as <see cref="UserTcpStack.PingAsync"/> does.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; named by the property.</exception>
    public void Validate()
    {
        OptionCheck.InRange(Timeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), nameof(Timeout));
        OptionCheck.InRange(DataLength, 0, 1400, nameof(DataLength));
        OptionCheck.InRange(TimeToLive, 1, byte.MaxValue, nameof(TimeToLive));
    }
}

/// <summary>The outcome of <see cref="UserTcpStack.PingAsync"/>. Immutable and thread-safe.</summary>
public sealed record UserTcpPingReply
{
    /// <summary><see cref="IPStatus.Success"/>, <see cref="IPStatus.TimedOut"/>, or what a router said.</summary>
    public IPStatus Status { get; init; }

    /// <summary>The host that answered; without an answer, the host that was asked.</summary>
    public IPAddress Address { get; init; } = IPAddress.Any;

    /// <summary>From the request to the answer; zero without an answer.</summary>
    public TimeSpan RoundTripTime { get; init; }

    /// <summary>The bytes that came back.</summary>
    public int DataLength { get; init; }

    /// <summary>The time to live of the answer when it arrived; 0 without an answer.</summary>
    public byte TimeToLive { get; init; }

    /// <summary>The identifier of the ICMP messages: with the sequence number, it finds them in a capture.</summary>
    public ushort Identifier { get; init; }

    /// <summary>The sequence number of the ICMP messages. It counts all requests of the stack.</summary>
    public ushort SequenceNumber { get; init; }
}
