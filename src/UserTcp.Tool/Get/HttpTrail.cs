using System.Diagnostics;

namespace UserTcp.Tool.Get;

/// <summary>
/// The events below HTTP in an attempt: the connections, in the order in which they were made, and the times of the
/// last one since the start. Thread-safe.
/// </summary>
internal sealed class HttpTrail
{
    private readonly Lock _lock = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly List<UserTcpConnection> _connections = [];
    private HttpTimes _times;
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

    public HttpTimes Times
    {
        get
        {
            lock (_lock)
                return _times;
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

    public void LookedUp()
    {
        lock (_lock)
            _times = new HttpTimes { Lookup = Elapsed };
    }

    public void Connected(UserTcpConnection connection)
    {
        lock (_lock)
        {
            _connections.Add(connection);
            _times = _times with { Connect = Elapsed };
        }
    }

    /// <summary>A connection is ready for HTTP.</summary>
    public void Ready(bool isSecure)
    {
        lock (_lock)
            _times = _times with { Secure = isSecure ? Elapsed : TimeSpan.Zero, Ready = Elapsed };
    }

    public void Distrusted(string reason)
    {
        lock (_lock)
            _distrust = reason;
    }
}

/// <summary>Times since the start; zero for what did not happen.</summary>
/// <param name="Lookup">The name was resolved.</param>
/// <param name="Connect">The connection stood.</param>
/// <param name="Secure">TLS stood.</param>
/// <param name="Ready">The connection was ready for HTTP.</param>
internal readonly record struct HttpTimes(TimeSpan Lookup, TimeSpan Connect, TimeSpan Secure, TimeSpan Ready);
