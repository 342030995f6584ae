using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using UserTcp.Links;
using UserTcp.Runtime;
using UserTcp.Tests.Api;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Runtime;

/// <summary>What is logged, and that the door is open meanwhile.</summary>
[Collection(RealTime.Name)]
public sealed class LoggingTests
{
    [Fact]
    public async Task A_connections_life_is_logged_with_its_ids()
    {
        var log = new LogList();
        StackPair pair = await StackPair.OpenAsync(o => o.LoggerFactory = log);
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        client.Abort();
        await server.Closed.WaitAsync(StackPair.Guard);
        await client.Closed.WaitAsync(StackPair.Guard);
        await Assert.ThrowsAsync<SocketException>(() => pair.Client.ConnectAsync(StackPair.ServerAddress, 9).AsTask());
        await pair.DisposeAsync();

        Assert.Equal(2, log.Count(1000));
        Assert.Equal(2, log.Count(1001));
        Assert.Equal(2, log.Count(2000));
        Assert.Equal(1, log.Count(2001));
        Assert.Equal(2, log.Count(2002));
        Assert.Equal(1, log.Count(2003));
        Assert.Equal(1, log.Count(3000));
        Assert.Equal(1, log.Count(3001));
        Assert.Equal(1, log.Count(3002));
        Assert.All(log.Entries, entry => Assert.False(string.IsNullOrEmpty(entry.Id.Name)));
        Assert.Contains(log.Entries, entry => entry.Text.Contains("ResetByPeer", StringComparison.Ordinal));
        Assert.Contains(
            log.Entries, entry => entry.Text.Contains(pair.Client.MacAddress.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whoever_logs_may_ask_the_stack()
    {
        StackPair? pair = null;
        // The question is asked on another thread: it would wait for ever if the door were closed.
        var log = new LogList(() => Assert.True(
            Task.Run(() => pair?.Client.GetStatistics()).Wait(StackPair.Guard), "Logged under the door."));
        pair = await StackPair.OpenAsync(o => o.LoggerFactory = log);
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        client.Abort();
        await server.Closed.WaitAsync(StackPair.Guard);
        await pair.DisposeAsync();
        Assert.NotEmpty(log.Entries);
    }

    [Fact]
    public async Task What_throws_under_the_door_ends_the_stack_and_is_logged_once()
    {
        var log = new LogList();
        BrokenLink? link = null;
        StackPair pair = await StackPair.OpenAsync(
            o => o.LoggerFactory = log, decorateClient: inner => link = new BrokenLink(inner));
        (UserTcpConnection client, UserTcpConnection _) = await pair.ConnectAsync();
        link!.IsBroken = true;
        await client.Output.WriteAsync(new byte[10]);

        Assert.Equal(UserTcpCloseReason.StackStopped, await client.Closed.WaitAsync(StackPair.Guard));
        Assert.Equal(UserTcpStackState.Faulted, pair.Client.State);
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => pair.Client.ListenAsync(80).AsTask());
        Assert.Contains("broken", thrown.Message, StringComparison.Ordinal);
        await pair.DisposeAsync();
        LogEntry entry = Assert.Single(log.Entries, entry => entry.Level == LogLevel.Critical);
        Assert.Equal(1003, entry.Id.Id);
        Assert.IsType<InvalidOperationException>(entry.Exception);
    }

    [Fact]
    public async Task A_link_that_is_gone_is_logged_with_its_name()
    {
        var log = new LogList();
        BrokenLink? link = null;
        await using StackPair pair = await StackPair.OpenAsync(
            o => o.LoggerFactory = log, decorateClient: inner => link = new BrokenLink(inner));
        (UserTcpConnection client, UserTcpConnection _) = await pair.ConnectAsync();
        link!.Failure = new LinkDownException("The cable was pulled.");
        link.IsBroken = true;
        await client.Output.WriteAsync(new byte[10]);
        Assert.Equal(UserTcpCloseReason.LinkDown, await client.Closed.WaitAsync(StackPair.Guard));
        await UntilAsync(() => log.Count(1002) > 0);

        LogEntry entry = Assert.Single(log.Entries, entry => entry.Level >= LogLevel.Warning);
        Assert.Equal((1002, LogLevel.Error), (entry.Id.Id, entry.Level));
        Assert.Contains("virtual:link.a", entry.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_virtual_link_whose_other_end_is_disposed_of_ends_in_order_and_is_no_error()
    {
        var log = new LogList();
        StackPair pair = await StackPair.OpenAsync(o => o.LoggerFactory = log);
        pair.Server.Abort();
        await using UserTcpStack client = pair.Client;
        await UntilAsync(() => log.Count(1007) > 0);

        Assert.Equal(UserTcpStackState.Faulted, client.State);
        Assert.DoesNotContain(log.Entries, entry => entry.Level >= LogLevel.Warning);
        Assert.Contains(
            log.Entries, e => e.Id.Id == 1007 && e.Text.Contains("virtual:link.a", StringComparison.Ordinal));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var guard = new CancellationTokenSource(StackPair.Guard);
        while (!condition())
        {
            guard.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Fact]
    public async Task Answers_that_were_withheld_are_logged_and_counted()
    {
        var log = new LogList();
        StackPair pair = await StackPair.OpenAsync(o =>
        {
            o.LoggerFactory = log;
            o.MaxStrangerRepliesPerSecond = 1;
        });
        using var given = new CancellationTokenSource();
        Task[] connects = [.. Enumerable.Range(0, 20).Select(
            i => pair.Client.ConnectAsync(StackPair.ServerAddress, 9000 + i, given.Token).AsTask())];
        using var guard = new CancellationTokenSource(StackPair.Guard);
        while (log.Count(1201) == 0)
        {
            guard.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        given.Cancel();
        await Task.WhenAll(connects).ContinueWith(static _ => { }, TaskScheduler.Default);
        Assert.True(pair.Server.GetStatistics().ResetsWithheld > 0);
        await pair.DisposeAsync();
        Assert.Equal(LogLevel.Warning, log.Entries.First(entry => entry.Id.Id == 1201).Level);
    }

    [Fact]
    public async Task Frames_that_are_too_long_are_logged_once_with_the_remedy_and_the_connection_goes_on()
    {
        var log = new LogList();
        var time = new FakeTimeProvider();
        await using StackPair pair = await StackPair.OpenAsync(
            o =>
            {
                o.LoggerFactory = log;
                o.TimeProvider = time;
            },
            decorateClient: inner => new LosingLink(inner));
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        for (int i = 0; i < 5; i++)
        {
            time.Advance(TimeSpan.FromSeconds(2));
            await server.Output.WriteAsync(new byte[10]);
            await client.Input.ReadExactlyAsync(10);
        }

        LogEntry entry = Assert.Single(log.Entries, entry => entry.Id.Id == 1010);
        Assert.Equal(LogLevel.Warning, entry.Level);
        Assert.Contains("7 frames longer than", entry.Text, StringComparison.Ordinal);
        Assert.Contains("gso_ipv4_max_size", entry.Text, StringComparison.Ordinal);
    }

    private sealed class LosingLink(LinkDevice inner) : LinkDevice
    {
        public override LinkInfo Info => inner.Info;

        public override LinkStatistics Statistics => inner.Statistics with { ReceiveDropped = 9, ReceiveTooLong = 7 };

        public override int Receive(RxBatch batch) => inner.Receive(batch);

        public override int Transmit(ReadOnlySpan<TxFrame> frames) => inner.Transmit(frames);

        public override bool Wait(TimeSpan timeout) => inner.Wait(timeout);

        public override void Wake() => inner.Wake();

        public override void Dispose() => inner.Dispose();
    }

    [Fact]
    public async Task A_flood_of_forged_ARP_is_one_line_an_interval_and_address()
    {
        var log = new LogList();
        await using var flood = new ForgedArp(log);
        for (int i = 0; i < 2500; i++)
        {
            flood.Hear(TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal(3, log.Count(1101));
        Assert.Contains(log.Entries, e => e.Id.Id == 1101 && e.Text.Contains("(1000 ", StringComparison.Ordinal));
    }

    private sealed class ForgedArp(LogList log) : TurnBench(isDriven: false, log)
    {
        private readonly RxBatch _batch = new(1);

        public void Hear(TimeSpan after)
        {
            var arp = new ArpPacket(
                ArpOperation.Request, Packets.OtherMac, Address(StackPair.ServerAddress), default, Packets.Peer);
            var bytes = new byte[ArpPacket.Size];
            arp.WriteTo(bytes);
            _batch.Clear();
            Assert.True(_batch.Add(Packets.Frame(MacAddress.Broadcast, Packets.OtherMac, 0x0806, bytes), default));
            using (Door.Visit visit = Server.Shards[0].Door.Enter())
                visit.Shard.OnFrame(_batch[0], visit.Now);
            Time.Advance(after);
        }
    }
}

internal sealed record LogEntry(LogLevel Level, EventId Id, string Text, Exception? Exception);

/// <summary>Remembers what was logged.</summary>
internal sealed class LogList(Action? onLog = null) : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<LogEntry> _entries = new();

    public IReadOnlyCollection<LogEntry> Entries => _entries;

    public int Count(int id) => _entries.Count(entry => entry.Id.Id == id);

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        onLog?.Invoke();
        _entries.Enqueue(new LogEntry(logLevel, eventId, formatter(state, exception), exception));
    }

    public void Dispose()
    {
    }
}
