namespace UserTcp.NetworkBenchmarks.Measuring;

/// <summary>
/// Requests at a fixed rate over several connections, one at a time on each. The time of a request counts from when it
/// was due, not from when it was sent: a server that stands still delays all that were due meanwhile.
/// </summary>
internal sealed class OpenLoop
{
    private readonly double _rate;
    private readonly double[] _times;
    private readonly int[] _next;
    private readonly bool[] _isWaiting;
    private int _answered;

    /// <summary>Plans the requests; the connections take turns.</summary>
    /// <param name="rate">Requests a second.</param>
    /// <param name="requests">All of them.</param>
    /// <param name="connections">The connections, numbered from 0.</param>
    public OpenLoop(double rate, int requests, int connections)
    {
        _rate = rate;
        _times = new double[requests];
        _isWaiting = new bool[connections];
        _next = [.. Enumerable.Range(0, connections)];
    }

    /// <summary>All requests are answered.</summary>
    public bool IsOver => _answered == _times.Length;

    /// <summary>The time of the answered requests, in seconds.</summary>
    public IEnumerable<double> Times => _times.Take(_answered);

    /// <summary>When a connection has to send, in seconds; infinity if it awaits an answer or has sent all.</summary>
    public double DueOf(int connection) =>
        _isWaiting[connection] || _next[connection] >= _times.Length ? double.PositiveInfinity : Due(connection);

    /// <summary>The earliest of all connections.</summary>
    public double NextDue
    {
        get
        {
            double earliest = double.PositiveInfinity;
            for (int i = 0; i < _next.Length; i++)
            {
                earliest = Math.Min(earliest, DueOf(i));
            }

            return earliest;
        }
    }

    /// <summary>A connection has sent its request.</summary>
    public void OnSent(int connection) => _isWaiting[connection] = true;

    /// <summary>The whole answer has come.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="now">In seconds.</param>
    public void OnAnswer(int connection, double now)
    {
        _times[_answered++] = now - Due(connection);
        _isWaiting[connection] = false;
        _next[connection] += _next.Length;
    }

    private double Due(int connection) => _next[connection] / _rate;
}
