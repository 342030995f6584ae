using System.IO.Pipelines;
using UserTcp.Testing;
using UserTcp.Testing.Rules;

namespace UserTcp.Tool.Simulation;

/// <summary>Two stacks over a bad link, one sending to the other as much as it can. In virtual time.</summary>
internal sealed class LiveTransfer : IDisposable
{
    private const int Port = 80;
    private const int BlockBytes = 64 * 1024;
    private static readonly TimeSpan s_longestReordering = TimeSpan.FromMilliseconds(5);

    private readonly SimulatedNetwork _network;
    private readonly SimulatedHost _sender;
    private readonly Stream? _capture;
    private UserTcpConnection? _connection;
    private Exception? _failure;
    private long _delivered;
    private LiveSample? _last;

    /// <summary>Sets up the link and the connection.</summary>
    /// <param name="path">The link.</param>
    /// <param name="capture">The file for what the sender's end sees; null for none.</param>
    public LiveTransfer(LivePath path, Stream? capture)
    {
        _capture = capture;
        _network = new SimulatedNetwork(path.Seed);
        _sender = _network.AddHost("sender", new SimulatedLinkOptions
        {
            BitsPerSecond = path.BitsPerSecond, Delay = path.RoundTrip / 2, QueueBytes = path.QueueBytes,
        });
        SimulatedHost receiver = _network.AddHost("receiver");
        if (path.Loss > 0)
            _sender.Link.Add(new RandomLoss(path.Loss));
        if (path.Reordering > 0)
            _sender.Link.Add(new Reordering(path.Reordering, s_longestReordering));
        if (capture is not null)
            _sender.Link.CaptureTo(capture);

        _network.Run(() => BeginAsync(receiver));
    }

    /// <summary>Lets virtual time pass, and looks.</summary>
    /// <param name="time">How much.</param>
    /// <exception cref="ToolException">The connection broke.</exception>
    public LiveSample Advance(TimeSpan time)
    {
        _network.RunFor(time);
        if (_failure is not null)
            throw new ToolException(Failure.Receive, $"The connection broke: {_failure.Message}", _failure);

        long before = _last?.Delivered ?? 0;
        _last = new LiveSample(
            _network.Now, _connection!.GetInfo(), _delivered, (_delivered - before) * 8 / time.TotalSeconds,
            _sender.Link.Outgoing.Dropped + _sender.Link.Incoming.Dropped, _sender.Link.Outgoing.Overflowed);
        return _last;
    }

    public void Dispose()
    {
        _network.Dispose();
        _capture?.Dispose();
    }

    private async Task BeginAsync(SimulatedHost receiver)
    {
        UserTcpListener listener = await receiver.Stack.ListenAsync(Port);
        Task<UserTcpConnection> accepting = listener.AcceptAsync().AsTask();
        _connection = await _sender.Stack.ConnectAsync(receiver.Address, Port);
        _ = WatchAsync(ReceiveAsync(await accepting));
        _ = WatchAsync(SendAsync(_connection));
    }

    private async Task WatchAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (IOException error)
        {
            _failure = error;
        }
    }

    private static async Task SendAsync(UserTcpConnection connection)
    {
        byte[] block = new byte[BlockBytes];
        FlushResult result;
        do
        {
            result = await connection.Output.WriteAsync(block);
        }
        while (!result.IsCompleted);
    }

    private async Task ReceiveAsync(UserTcpConnection connection)
    {
        ReadResult result;
        do
        {
            result = await connection.Input.ReadAsync();
            _delivered += result.Buffer.Length;
            connection.Input.AdvanceTo(result.Buffer.End);
        }
        while (!result.IsCompleted);
    }
}
