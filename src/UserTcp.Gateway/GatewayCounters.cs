namespace UserTcp.Gateway;

/// <summary>What a gateway counts, from many threads.</summary>
internal sealed class GatewayCounters
{
    private int _current;
    private long _accepted;
    private long _rejected;
    private long _ignored;
    private long _bytesToServers;
    private long _bytesFromServers;

    /// <summary>Counts a connection in, unless there are too many.</summary>
    public bool TryEnter(int limit)
    {
        if (Interlocked.Increment(ref _current) <= limit)
            return true;

        Interlocked.Decrement(ref _current);
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _current);

    public void CountAccepted() => Interlocked.Increment(ref _accepted);

    public void CountAnswer(UserTcpRejectReason reason) =>
        Interlocked.Increment(ref reason == UserTcpRejectReason.Ignore ? ref _ignored : ref _rejected);

    public void CountToServer(int bytes) => Interlocked.Add(ref _bytesToServers, bytes);

    public void CountFromServer(int bytes) => Interlocked.Add(ref _bytesFromServers, bytes);

    public UserTcpGatewayStatistics Snapshot() => new(
        Volatile.Read(ref _current), Volatile.Read(ref _accepted), Volatile.Read(ref _rejected),
        Volatile.Read(ref _ignored), Volatile.Read(ref _bytesToServers), Volatile.Read(ref _bytesFromServers));
}
