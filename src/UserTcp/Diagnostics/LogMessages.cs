using Microsoft.Extensions.Logging;
using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Diagnostics;

/// <summary>
/// Everything that is ever logged. Blocks of event ids: 1000 stack and link, 1100 addresses, 1200 limits, 2000
/// connections, 2100 loss recovery, 3000 listeners, 9000 diagnostics. Called outside the door only.
/// </summary>
internal static partial class LogMessages
{
    public const string StackCategory = "UserTcp.Stack";
    public const string ConnectionCategory = "UserTcp.Connection";
    public const string ListenerCategory = "UserTcp.Listener";

    public const string ArpCategory = "UserTcp.Arp";

    public static readonly string[] Categories = [StackCategory, ArpCategory, ConnectionCategory, ListenerCategory];

    [LoggerMessage(1000, LogLevel.Information,
        "{Stack} runs on {Link} with {Addresses}, MAC {Mac}", EventName = "StackStarted")]
    public static partial void StackStarted(
        ILogger logger, string stack, string link, string addresses, MacAddress mac);

    [LoggerMessage(1001, LogLevel.Information, "{Stack} stopped", EventName = "StackStopped")]
    public static partial void StackStopped(ILogger logger, string stack);

    [LoggerMessage(1002, LogLevel.Error,
        "{Stack} ended all connections: the link {Link} is gone. Make a new stack once it is back",
        EventName = "LinkDown")]
    public static partial void LinkDown(ILogger logger, Exception cause, string stack, string link);

    [LoggerMessage(1003, LogLevel.Critical,
        "{Stack} ended all connections after an internal error. Please report it", EventName = "StackFaulted")]
    public static partial void StackFaulted(ILogger logger, Exception cause, string stack);

    [LoggerMessage(1004, LogLevel.Warning,
        "{Stack} has a deterministic seed on {Link}: its segments can be forged. Use a seed on virtual links only",
        EventName = "DeterministicSeedOnRealLink")]
    public static partial void DeterministicSeed(ILogger logger, string stack, string link);

    [LoggerMessage(1005, LogLevel.Warning,
        "{Stack} reset {Count} connections with unsent bytes after {Timeout}. Raise ShutdownTimeout to drain longer",
        EventName = "DrainTimedOut")]
    public static partial void DrainTimedOut(ILogger logger, string stack, TimeSpan timeout, int count);

    [LoggerMessage(1007, LogLevel.Information,
        "{Stack} ended all connections: the other end of the link {Link} was disposed of", EventName = "LinkClosed")]
    public static partial void LinkClosed(ILogger logger, string stack, string link);

    [LoggerMessage(1010, LogLevel.Warning,
        "{Stack}: {Link} has dropped {Count} frames longer than {Bytes} bytes. Raise its MaxReceiveFrame, or let "
        + "the peer send shorter ones: 'ip link set dev DEVICE gso_ipv4_max_size 65536' on its side",
        EventName = "FramesTooLong")]
    public static partial void FramesTooLong(ILogger logger, string stack, string link, long count, int bytes);

    [LoggerMessage(1011, LogLevel.Warning,
        "{Stack}: {Link} changes segments. Their checksums look unfinished, which those of the same flow are not; they "
        + "are dropped. If connections stall, use a packet socket ('packet:DEVICE'), which tells the difference",
        EventName = "UnfinishedRefused")]
    public static partial void UnfinishedRefused(ILogger logger, string stack, string link);

    [LoggerMessage(1100, LogLevel.Debug, "{Stack} claimed {Address}", EventName = "AddressClaimed")]
    public static partial void AddressClaimed(ILogger logger, string stack, string address);

    [LoggerMessage(1101, LogLevel.Warning,
        "{Stack}: {Other} uses {Address} too ({Count} frames since the last such line). " +
        "Connections will break until one of the two takes another address",
        EventName = "AddressConflict")]
    public static partial void AddressConflict(
        ILogger logger, string stack, string address, MacAddress other, long count);

    [LoggerMessage(1102, LogLevel.Debug,
        "{Stack}: {Address} is at {Mac}, after {Milliseconds:F1} ms", EventName = "NeighborFound")]
    public static partial void NeighborFound(
        ILogger logger, string stack, HostAddress address, MacAddress mac, double milliseconds);

    [LoggerMessage(1103, LogLevel.Debug,
        "{Stack}: {Address} did not answer ARP for {Milliseconds:F1} ms", EventName = "NeighborLost")]
    public static partial void NeighborLost(ILogger logger, string stack, HostAddress address, double milliseconds);

    [LoggerMessage(1200, LogLevel.Warning,
        "{Stack} did not send {Count} challenge ACKs: many segments fit no window. MaxChallengeAcksPerSecond and "
        + "MaxChallengeAcksPerConnection are the limits", EventName = "ChallengeAcksWithheld")]
    public static partial void ChallengeAcksWithheld(ILogger logger, string stack, long count);

    [LoggerMessage(1201, LogLevel.Warning,
        "{Stack} did not answer {Count} segments for closed ports. MaxStrangerRepliesPerSecond is the limit",
        EventName = "ResetsWithheld")]
    public static partial void ResetsWithheld(ILogger logger, string stack, long count);

    [LoggerMessage(1202, LogLevel.Warning,
        "{Stack} did not send {Count} ICMP messages. MaxStrangerRepliesPerSecond is the limit",
        EventName = "IcmpWithheld")]
    public static partial void IcmpWithheld(ILogger logger, string stack, long count);

    [LoggerMessage(1203, LogLevel.Information,
        "{Stack} ended {Count} connections: the peer closed its window and answered no probe. RetransmitLimit is the "
        + "limit", EventName = "WindowProbesUnanswered")]
    public static partial void WindowProbesUnanswered(ILogger logger, string stack, long count);

    [LoggerMessage(1204, LogLevel.Warning,
        "{Stack} refused {Count} packets and calls: hosts that do not answer ARP fill the table. If the link has that "
        + "many hosts, raise MaxNeighbors", EventName = "NeighborTableFull")]
    public static partial void NeighborTableFull(ILogger logger, string stack, long count);

    /// <summary>Told once in ten seconds at most, with how often it happened since the last time.</summary>
    public static void LimitReached(ILogger logger, StackLimit limit, string stack, long count)
    {
        switch (limit)
        {
            case StackLimit.ChallengeAcks:
                ChallengeAcksWithheld(logger, stack, count);
                break;
            case StackLimit.Resets:
                ResetsWithheld(logger, stack, count);
                break;
            case StackLimit.IcmpMessages:
                IcmpWithheld(logger, stack, count);
                break;
            case StackLimit.WindowProbes:
                WindowProbesUnanswered(logger, stack, count);
                break;
            case StackLimit.Neighbors:
                NeighborTableFull(logger, stack, count);
                break;
        }
    }

    [LoggerMessage(2000, LogLevel.Debug,
        "Connection {Id}: connecting to {Remote} from {Local}", EventName = "Connecting")]
    public static partial void Connecting(ILogger logger, long id, string remote, string local);

    [LoggerMessage(2001, LogLevel.Debug, "Connection {Id}: established", EventName = "Connected")]
    public static partial void Connected(ILogger logger, long id);

    [LoggerMessage(2002, LogLevel.Debug, "Connection {Id}: closed, {Reason}", EventName = "ConnectionClosed")]
    public static partial void ConnectionClosed(ILogger logger, long id, UserTcpCloseReason reason);

    [LoggerMessage(2003, LogLevel.Debug, "Connection {Id}: not established, {Reason}", EventName = "ConnectFailed")]
    public static partial void ConnectFailed(ILogger logger, long id, UserTcpCloseReason reason);

    [LoggerMessage(2100, LogLevel.Debug,
        "Connection {Id}: {Resent} segments retransmitted, {Recoveries} recoveries, {Timeouts} timeouts",
        EventName = "ConnectionLosses")]
    public static partial void ConnectionLosses(ILogger logger, long id, long resent, long recoveries, long timeouts);

    [LoggerMessage(3000, LogLevel.Debug, "Listening on {Local}", EventName = "Listening")]
    public static partial void Listening(ILogger logger, string local);

    [LoggerMessage(3001, LogLevel.Debug, "No longer listening on {Local}", EventName = "ListenerClosed")]
    public static partial void ListenerClosed(ILogger logger, string local);

    [LoggerMessage(3002, LogLevel.Debug, "Connection {Id}: accepted on {Local} from {Remote}", EventName = "Accepted")]
    public static partial void Accepted(ILogger logger, long id, string local, string remote);

    [LoggerMessage(9000, LogLevel.Error, "{Stack}: a {Tap} threw and was removed", EventName = "TapFailed")]
    public static partial void TapFailed(ILogger logger, Exception cause, string stack, string tap);

    [LoggerMessage(9001, LogLevel.Error,
        "Connection {Id}: an observer threw and was removed", EventName = "ObserverFailed")]
    public static partial void ObserverFailed(ILogger logger, Exception cause, long id);

    [LoggerMessage(9010, LogLevel.Error,
        "The diagnostics socket {Path} could not take a client", EventName = "DiagnosticsAcceptFailed")]
    public static partial void DiagnosticsAcceptFailed(ILogger logger, Exception cause, string path);

    [LoggerMessage(9011, LogLevel.Error,
        "The diagnostics socket {Path} could not answer a client", EventName = "DiagnosticsSessionFailed")]
    public static partial void DiagnosticsSessionFailed(ILogger logger, Exception cause, string path);
}
