using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using UserTcp.Primitives;
using UserTcp.Runtime;
using UserTcp.Stack;
using UserTcp.Tests.Api;

namespace UserTcp.Tests.Runtime;

/// <summary>
/// Two stacks in one thread, and a seed that draws what ends when: connects, accepts and answers to requests are
/// cancelled, listeners closed, connections aborted and disposed of, between any two steps of the stacks.
/// </summary>
internal sealed class EndStorm(int seed) : TurnBench(isDriven: true)
{
    private const int Steps = 400;

    private readonly Random _random = new(seed);
    private readonly List<CancellationTokenSource> _tokens = [];
    private readonly List<Task<RunningConnection>> _coming = [];
    private readonly List<Task<RunningRequest>> _requestsComing = [];
    private readonly List<RunningRequest> _requests = [];
    private readonly List<RunningConnection> _owned = [];
    private readonly Dictionary<RunningConnection, Task> _flushes = [];
    private RunningListener? _plain;
    private RunningListener? _any;

    /// <summary>Connections that somebody had, so that a storm that only destroys is noticed.</summary>
    public int Had { get; private set; }

    /// <summary>Calls that ended in cancellation.</summary>
    public int Cancelled { get; private set; }

    /// <summary>Storms, and ends in one of two ways; a failure names the seed.</summary>
    public async Task RunAsync(Func<Task> end)
    {
        // A context of the test runner's would send what the driver completes to other threads.
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            Rage();
            await end();
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"Seed {seed}: {error.Message}", error);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }

        await DisposeAsync();
    }

    private void Rage()
    {
        for (int step = 0; step < Steps; step++)
        {
            Do(_random.Next(16));
            Collect();
        }
    }

    /// <summary>All is let go; the stacks come to rest by themselves.</summary>
    public Task CalmAsync()
    {
        LetGo();
        for (int i = 0; i < 3000 && Left() > 0; i++)
        {
            Client.Turn();
            Server.Turn();
            Driver!.Run();
            LetGo();
            Time.Advance(TimeSpan.FromMilliseconds(250));
        }

        Assert.Equal(0, Left());
        AssertEmpty();
        return Task.CompletedTask;
    }

    /// <summary>The stacks are stopped in the middle of it, and then all is let go.</summary>
    public async Task StopAsync()
    {
        RunningStack first = _random.Next(2) == 0 ? Client : Server;
        Task drain = _random.Next(2) == 0 ? first.DrainAsync(TimeSpan.FromMinutes(10)).AsTask() : Task.CompletedTask;
        for (int i = _random.Next(10); i > 0; i--)
        {
            Do(_random.Next(4));
        }

        foreach (RunningStack stack in new[] { first, Client, Server })
        {
            stack.Stop();
            Driver!.Run();
        }

        await Client.EndAsync();
        await Server.EndAsync();
        Driver!.Run();
        LetGo();
        Driver.Run();
        LetGo();
        await drain.WaitAsync(StackPair.Guard);
        Assert.All(_coming, task => Assert.True(task.IsCompleted, "A call outlives its stack."));
        AssertEmpty();
    }

    private int Left() => Client.Shards[0].Look(Count) + Server.Shards[0].Look(Count);

    private static int Count(Shard core, Instant now) => core.ConnectionCount;

    private void AssertEmpty()
    {
        Assert.Equal((0L, 0L), (Client.Config.Chunks.BytesOut, Server.Config.Chunks.BytesOut));
        Assert.Equal((0L, 0L), (Client.Config.Chunks.Overdrawn, Server.Config.Chunks.Overdrawn));
    }

    private void Do(int what)
    {
        switch (what)
        {
            case 0 or 1:
                Client.Turn();
                break;
            case 2 or 3:
                Server.Turn();
                break;
            case 4 or 5 or 6:
                Driver!.RunNext();
                break;
            case 7:
                Connect();
                break;
            case 8:
                Accept();
                break;
            case 9:
                Answer();
                break;
            case 10 when _tokens.Count > 0:
                _tokens[_random.Next(_tokens.Count)].Cancel();
                break;
            case 11 when _random.Next(8) == 0:
                CloseListener();
                break;
            case 12:
                Time.Advance(TimeSpan.FromMilliseconds(_random.Next(_random.Next(5) == 0 ? 2000 : 20)));
                break;
            case 13 when _owned.Count > 0:
                End(_owned[_random.Next(_owned.Count)]);
                break;
            default:
                if (_owned.Count > 0)
                    Use(_owned[_random.Next(_owned.Count)]);
                break;
        }
    }

    private CancellationToken Token()
    {
        var source = new CancellationTokenSource();
        _tokens.Add(source);
        return source.Token;
    }

    private void Connect()
    {
        ushort port = (ushort)(_random.Next(3) == 0 ? 81 : 80);
        _coming.Add(Client.ConnectAsync(Address(StackPair.ServerAddress), port, Defaults, Token()).AsTask());
    }

    private void Accept()
    {
        _plain ??= Server.Listen(
            new UserTcpListenerOptions { LocalEndPoint = new(IPAddress.Any, 80), Backlog = 3 }.ToSettings());
        _any ??= Server.Listen(new UserTcpRequestListenerOptions { AnyAddress = true }.ToSettings());
        if (_random.Next(2) == 0)
            _coming.Add(_plain.AcceptAsync(Token()).AsTask());
        else
            _requestsComing.Add(_any.AcceptRequestAsync(Token()).AsTask());
    }

    private void Answer()
    {
        if (_requests.Count == 0)
            return;

        RunningRequest request = _requests[^1];
        _requests.RemoveAt(_requests.Count - 1);
        if (_random.Next(4) == 0)
            request.Reject(RejectReason.Refused);
        else
            _coming.Add(request.AcceptAsync(null, Token()).AsTask());
    }

    private void CloseListener()
    {
        bool isPlain = _random.Next(2) == 0;
        (isPlain ? _plain : _any)?.Close();
        if (isPlain)
            _plain = null;
        else
            _any = null;
    }

    private void End(RunningConnection connection)
    {
        switch (_random.Next(4))
        {
            case 0:
                connection.Abort(null);
                break;
            case 1:
                connection.CloseOutput();
                break;
            default:
                _owned.Remove(connection);
                connection.Detach();
                break;
        }
    }

    private void Use(RunningConnection connection)
    {
        try
        {
            if (_random.Next(3) > 0)
            {
                int length = _random.Next(1, _random.Next(10) == 0 ? 300_000 : 5000);
                connection.Writer.GetSpan(length)[..length].Fill(1);
                connection.Writer.Advance(length);
                if (!_flushes.TryGetValue(connection, out Task? flush) || flush.IsCompleted)
                    _flushes[connection] = connection.Writer.FlushAsync().AsTask();
            }
            else if (connection.Reader.TryRead(out ReadResult result))
            {
                connection.Reader.AdvanceTo(result.Buffer.GetPosition(result.Buffer.Length / 2), result.Buffer.End);
            }
        }
        catch (UserTcpConnectionException)
        {
            // The peer, or the storm, has ended it.
        }
    }

    private void Collect()
    {
        Take(_coming, connection =>
        {
            Had++;
            _owned.Add(connection);
            if (_random.Next(2) == 0)
                Use(connection); // at once, so that text follows the handshake closely
        });
        Take(_requestsComing, _requests.Add);
    }

    private void Take<T>(List<Task<T>> tasks, Action<T> take)
    {
        for (int i = tasks.Count - 1; i >= 0; i--)
        {
            Task<T> task = tasks[i];
            if (!task.IsCompleted)
                continue;

            tasks.RemoveAt(i);
            Cancelled += task.IsCanceled ? 1 : 0;
            if (task.IsCompletedSuccessfully)
                take(task.Result);
            else if (task.Exception?.InnerException is { } error)
                Assert.True(error is SocketException or ObjectDisposedException, error.ToString());
        }
    }

    private void LetGo()
    {
        _plain?.Close();
        _any?.Close();
        _tokens.ForEach(token => token.Cancel());
        Collect();
        _owned.ForEach(connection => connection.Detach());
        _owned.Clear();
    }
}
