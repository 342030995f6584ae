using System.IO.Pipelines;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Runtime;
using UserTcp.Tests.Api;

namespace UserTcp.Tests.Runtime;

/// <summary>
/// Two stacks whose turns a test takes by hand: the way of a simulator, with no thread and a clock that stands still.
/// </summary>
public abstract class TurnBench : IAsyncDisposable
{
    private readonly VirtualLink _otherLink;
    private readonly List<RunningConnection> _connections = [];

    private protected TurnBench(bool isDriven = false, ILoggerFactory? loggers = null)
    {
        Loggers = loggers;
        Driver = isDriven ? new HandDriver() : null;
        (VirtualLink first, _otherLink) = VirtualLink.CreatePair();
        Link = new SwitchedLink(first);
        Client = new RunningStack(Settings(Link, StackPair.ClientAddress), Link);
        Server = new RunningStack(Settings(_otherLink, StackPair.ServerAddress), _otherLink);
    }

    private protected FakeTimeProvider Time { get; } = new();

    private ILoggerFactory? Loggers { get; }

    /// <summary>That of the client.</summary>
    private protected SwitchedLink Link { get; }

    private protected RunningStack Client { get; }

    private protected RunningStack Server { get; }

    /// <summary>Has what the stacks would hand to others; null: they do.</summary>
    private protected HandDriver? Driver { get; }

    /// <summary>The application lets go of its connections, and every chunk comes back.</summary>
    public async ValueTask DisposeAsync()
    {
        _connections.ForEach(connection => connection.Detach());
        foreach (RunningStack stack in new[] { Client, Server })
        {
            stack.Stop();
            await stack.EndAsync();
            Assert.Equal(0, stack.Config.Chunks.BytesOut);
        }

        Link.Dispose();
        _otherLink.Dispose();
    }

    private protected static ConnectionSettings Defaults => new UserTcpConnectionOptions().ToSettings();

    private protected static HostAddress Address(IPAddress address) => HostAddress.From(address);

    private StackSettings Settings(LinkDevice link, IPAddress address)
    {
        UserTcpStackOptions options = StackPair.Options(link, address);
        options.TimeProvider = Time;
        options.DeterministicSeed = 1;
        options.Driver = Driver;
        options.LoggerFactory = Loggers;
        return options.ToSettings();
    }

    private protected IDisposable Listen(out RunningListener listener)
    {
        listener = Server.Listen(new UserTcpListenerOptions { LocalEndPoint = new(IPAddress.Any, 80) }.ToSettings());
        return new Closing(listener);
    }

    private protected RunningConnection Connect(out RunningConnection server, ConnectionSettings? settings = null)
    {
        using IDisposable _ = Listen(out RunningListener listener);
        Task<RunningConnection> connect = Client
            .ConnectAsync(Address(StackPair.ServerAddress), 80, settings ?? Defaults, default).AsTask();
        RunningConnection? accepted = null;
        TurnUntil(() => connect.IsCompleted && (accepted ??= listener.TryAccept()) is not null);
        server = accepted!;
        RunningConnection client = connect.GetAwaiter().GetResult();
        _connections.AddRange([client, server]);
        return client;
    }

    private protected static void Flush(RunningConnection connection) =>
        Assert.True(connection.Writer.FlushAsync().IsCompletedSuccessfully);

    private protected static bool Reads(RunningConnection connection, long bytes)
    {
        if (!connection.Reader.TryRead(out ReadResult result))
            return false;

        bool isAll = result.Buffer.Length == bytes;
        connection.Reader.AdvanceTo(isAll ? result.Buffer.End : result.Buffer.Start, result.Buffer.End);
        return isAll;
    }

    private protected void DrainTurns()
    {
        for (int i = 0; i < 20; i++)
        {
            Client.Turn();
            Server.Turn();
            Driver?.Run();
        }
    }

    private protected void TurnUntil(Func<bool> isDone)
    {
        using var guard = new CancellationTokenSource(StackPair.Guard);
        while (!isDone())
        {
            guard.Token.ThrowIfCancellationRequested();
            Client.Turn();
            Server.Turn();
            Driver?.Run();
        }
    }

    private sealed class Closing(RunningListener listener) : IDisposable
    {
        public void Dispose() => listener.Close();
    }
}

/// <summary>Keeps what is to be done elsewhere until the test says so.</summary>
internal sealed class HandDriver : IStackDriver
{
    private readonly Queue<(Action<object?> Action, object? State)> _deferred = [];

    /// <summary>How often a call of a pipe tried the door.</summary>
    public int Entries { get; private set; }

    public bool RefusesEntry
    {
        get
        {
            Entries++;
            return false;
        }
    }

    public void Attach(RunningStack stack)
    {
        // The test turns it.
    }

    public void Detach(RunningStack stack)
    {
        // The test turns it no more.
    }

    public void Defer(Action<object?> action, object? state) => _deferred.Enqueue((action, state));

    public void Run()
    {
        while (RunNext())
        {
        }
    }

    public bool RunNext()
    {
        if (!_deferred.TryDequeue(out (Action<object?> Action, object? State) next))
            return false;

        next.Action(next.State);
        return true;
    }
}

internal static class WriterWords
{
    public static void Write(this PipeWriter writer, ReadOnlyMemory<byte> bytes)
    {
        ValueTask<FlushResult> flush = writer.WriteAsync(bytes);
        Assert.True(flush.IsCompletedSuccessfully);
        _ = flush.Result;
    }
}
