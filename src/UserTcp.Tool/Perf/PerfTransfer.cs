using System.Diagnostics;

namespace UserTcp.Tool.Perf;

/// <summary>The streams of a test at one side, and what is told of them while they run.</summary>
internal sealed class PerfTransfer : IAsyncDisposable
{
    // The last tick and the end may come in either order: a sliver of an interval says nothing beside others.
    private const double SmallestShareOfInterval = 0.1;

    private readonly PerfParameters _parameters;
    private readonly TimeSpan _interval;
    private readonly Action<PerfInterval> _tell;
    private readonly bool _isClient;
    private readonly PerfGoal _sent;
    private readonly PerfGoal _received;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _end = new();
    private readonly List<PerfStream> _streams = [];
    private readonly List<Task> _senders = [];
    private readonly List<Task> _receivers = [];
    private readonly Dictionary<int, (long Bytes, long Retransmits)> _told = [];
    private readonly Lock _counting = new(); // what counts begins and ends for all streams at one moment
    private Task _meter = Task.CompletedTask;
    private PerfCpuMeter _cpu = new();
    private long _start;
    private double _toldUntil;
    private bool _isOmitting;
    private bool _isOver;

    /// <param name="parameters">What is done.</param>
    /// <param name="isClient">Whether this side is the client, who knows when enough has passed.</param>
    /// <param name="interval">The time between two reports.</param>
    /// <param name="tell">Takes the reports.</param>
    public PerfTransfer(PerfParameters parameters, bool isClient, TimeSpan interval, Action<PerfInterval> tell)
    {
        _parameters = parameters;
        _isClient = isClient;
        _interval = interval;
        _tell = tell;
        long goal = isClient ? parameters.GoalBytes : 0;
        _sent = new PerfGoal(goal);
        _received = new PerfGoal(goal);
    }

    public IReadOnlyList<PerfStream> Streams => _streams;

    /// <summary>Completes when the bytes have passed in a direction; fails if a stream ended too early.</summary>
    public Task GoalReached => Task.WhenAny(_sent.Reached, _received.Reached).Unwrap();

    /// <summary>Seconds since what counts began.</summary>
    public double Elapsed => Stopwatch.GetElapsedTime(_start).TotalSeconds;

    public void Add(UserTcpConnection connection)
    {
        _streams.Add(new PerfStream(
            _streams.Count, connection, _parameters.IsSending(_streams.Count, _isClient)));
        PerfConnections.Configure(connection, _parameters);
    }

    public void Start()
    {
        _start = Stopwatch.GetTimestamp();
        _cpu = new PerfCpuMeter();
        _isOmitting = _parameters.OmitSeconds > 0;
        foreach (PerfStream stream in _streams)
        {
            if (stream.IsSender)
                _senders.Add(Task.Run(() => stream.SendAsync(_sent, _parameters, _stop.Token)));
            else
                _receivers.Add(Task.Run(() => stream.ReceiveAsync(_received, _end.Token)));
        }

        _meter = MeterAsync(_stop.Token);
    }

    /// <summary>Nothing counts any more; senders end, receivers go on taking what comes.</summary>
    public async Task<PerfResults> StopAsync()
    {
        double seconds;
        lock (_counting)
        {
            _isOver = true;
            foreach (PerfStream stream in _streams)
                stream.Freeze();
            seconds = Elapsed;
        }

        await _stop.CancelAsync();
        await _meter;
        if (_told.Count == 0 || seconds - _toldUntil > _interval.TotalSeconds * SmallestShareOfInterval)
            Tell(seconds);
        await Task.WhenAll(_senders);
        return new PerfResults(
            [.. _streams.Select(stream => new PerfStreamResult(
                stream.Id, stream.Bytes, stream.IsSender ? stream.Retransmits : -1, seconds))],
            _streams.Exists(stream => stream.IsSender), _cpu.Read(), Congestion);
    }

    /// <summary>
    /// A sender's FIN, behind what it has queued: iperf3 reads the rest in whole blocks and waits for ever for one that
    /// is not complete.
    /// </summary>
    public async Task EndStreamsAsync()
    {
        foreach (PerfStream stream in _streams.Where(stream => stream.IsSender))
            await stream.Connection.Output.CompleteAsync();
    }

    /// <summary>Resets the streams: what is still queued there is of no use to anybody.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _end.CancelAsync();
        await _meter;
        await Task.WhenAll([.. _senders, .. _receivers]);
        foreach (PerfStream stream in _streams)
        {
            stream.Connection.Abort();
            await stream.Connection.DisposeAsync();
        }

        _stop.Dispose();
        _end.Dispose();
    }

    private string? Congestion => _streams.Count == 0
        ? null
        : _streams[0].Connection.GetInfo().CongestionControl.ToLowerInvariant();

    private async Task MeterAsync(CancellationToken stop)
    {
        try
        {
            if (_isOmitting)
            {
                await TellUntilAsync(_parameters.OmitSeconds, stop);
                Restart();
            }

            await TellUntilAsync(double.PositiveInfinity, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The test is over.
        }
    }

    // Not by the ticks of a timer: one that is early by a tick would put off what counts by an interval.
    private async Task TellUntilAsync(double end, CancellationToken stop)
    {
        for (double next = 0; next < end;)
        {
            do
                next = Math.Min(next + _interval.TotalSeconds, end);
            while (next < end && next <= Elapsed);

            while (next - Elapsed is > 0 and double left)
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(left * 1000)), stop);
            stop.ThrowIfCancellationRequested();
            Tell(Elapsed);
        }
    }

    private void Restart()
    {
        lock (_counting)
        {
            if (_isOver)
                return;

            _isOmitting = false;
            foreach (PerfStream stream in _streams)
                stream.Restart();
            _start = Stopwatch.GetTimestamp();
            _cpu = new PerfCpuMeter();
        }

        _toldUntil = 0;
        _told.Clear();
    }

    private void Tell(double until)
    {
        List<PerfStreamInterval> streams = [];
        foreach (PerfStream stream in _streams)
        {
            (long bytesBefore, long retransmitsBefore) = _told.GetValueOrDefault(stream.Id);
            (long bytes, long retransmits) = (stream.Bytes, stream.Retransmits);
            _told[stream.Id] = (bytes, retransmits);
            streams.Add(new PerfStreamInterval(
                stream.Id, stream.IsSender, bytes - bytesBefore, retransmits - retransmitsBefore,
                stream.Connection.GetInfo()));
        }

        var interval = new PerfInterval(_toldUntil, until, _isOmitting, streams);
        _toldUntil = until;
        _tell(interval);
    }
}
