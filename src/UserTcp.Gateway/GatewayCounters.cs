namespace UserTcp.Gateway;

/// <summary>The counters of a gateway. Thread-safe.</summary>
internal sealed class GatewayCounters
{
    private long _accepted;
    private long _rejected;
    private long _ignored;
    private long _connectionLimitDrops;
    private long _destinationLimitDrops;
    private long _displacedAttempts;
    private long _socketShortageDrops;
    private long _bytesToServers;
    private long _bytesFromServers;

    public long ConnectionLimitDrops => Volatile.Read(ref _connectionLimitDrops);

    public long DestinationLimitDrops => Volatile.Read(ref _destinationLimitDrops);

    public long SocketShortageDrops => Volatile.Read(ref _socketShortageDrops);

    public void CountAccepted() => Interlocked.Increment(ref _accepted);

    public void CountAnswer(UserTcpRejectReason reason) =>
        Interlocked.Increment(ref reason == UserTcpRejectReason.Ignore ? ref _ignored : ref _rejected);

    public void CountDrop(RoomVerdict verdict) => Interlocked.Increment(
        ref verdict == RoomVerdict.TooManyAttempts ? ref _destinationLimitDrops : ref _connectionLimitDrops);

    public void CountDisplaced() => Interlocked.Increment(ref _displacedAttempts);

    public void CountSocketShortage() => Interlocked.Increment(ref _socketShortageDrops);

    public void CountToServer(int bytes) => Interlocked.Add(ref _bytesToServers, bytes);

    public void CountFromServer(int bytes) => Interlocked.Add(ref _bytesFromServers, bytes);

    /// <param name="connections">Those of now.</param>
    /// <param name="overflows">SYNs that the stack dropped before the gateway heard of them.</param>
    public UserTcpGatewayStatistics Snapshot(int connections, long overflows) => new()
    {
        CurrentConnections = connections,
        Accepted = Volatile.Read(ref _accepted),
        Rejected = Volatile.Read(ref _rejected),
        Ignored = Volatile.Read(ref _ignored),
        BytesToServers = Volatile.Read(ref _bytesToServers),
        BytesFromServers = Volatile.Read(ref _bytesFromServers),
        ConnectionLimitDrops = ConnectionLimitDrops + overflows,
        DestinationLimitDrops = DestinationLimitDrops,
        DisplacedAttempts = Volatile.Read(ref _displacedAttempts),
        SocketShortageDrops = SocketShortageDrops,
    };
}
