using System.Diagnostics;

namespace UserTcp.Tool.Get;

/// <summary>What happened below HTTP: the connections, in the order in which they were made. Thread-safe.</summary>
internal sealed class HttpTrail
{
    private readonly Lock _lock = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly List<UserTcpConnection> _connections = [];
    private TimeSpan _connected;
    private string? _distrust;

    /// <summary>How many connections were made.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _connections.Count;
        }
    }

    /// <summary>The last one; null if none was made.</summary>
    public UserTcpConnection? Last
    {
        get
        {
            lock (_lock)
                return _connections.LastOrDefault();
        }
    }

    /// <summary>From the start until the last connection stood.</summary>
    public TimeSpan ToConnect
    {
        get
        {
            lock (_lock)
                return _connected;
        }
    }

    /// <summary>What is wrong with the last certificate that was refused; null if none was.</summary>
    public string? Distrust
    {
        get
        {
            lock (_lock)
                return _distrust;
        }
    }

    /// <summary>Since the start.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    public void Connected(UserTcpConnection connection)
    {
        lock (_lock)
        {
            _connections.Add(connection);
            _connected = Elapsed;
        }
    }

    public void Distrusted(string reason)
    {
        lock (_lock)
            _distrust = reason;
    }
}
