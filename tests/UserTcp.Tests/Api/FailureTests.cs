using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using UserTcp.Links;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Api;

/// <summary>The table of exceptions, row by row.</summary>
[Collection(RealTime.Name)]
public sealed class FailureTests
{
    private static readonly TimeSpan s_guard = StackPair.Guard;
    private static readonly IPAddress s_nobody = IPAddress.Parse("10.0.0.77");

    [Fact]
    public async Task A_port_where_nobody_listens_refuses()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(pair, 81));
        Assert.Equal(SocketError.ConnectionRefused, thrown.SocketErrorCode);
        Assert.Contains("10.0.0.2:81", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_neighbour_that_does_not_answer_ARP_cannot_be_reached()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(
            () => pair.Client.ConnectAsync(s_nobody, 80).AsTask().WaitAsync(s_guard));
        Assert.Equal(SocketError.HostUnreachable, thrown.SocketErrorCode);
    }

    [Fact]
    public async Task Without_a_route_the_network_cannot_be_reached()
    {
        await using StackPair pair = await StackPair.OpenAsync(o => o.Gateway = null);
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(
            () => pair.Client.ConnectAsync(IPAddress.Parse("192.0.2.1"), 80).AsTask());
        Assert.Equal(SocketError.NetworkUnreachable, thrown.SocketErrorCode);
        Assert.Contains("Gateway", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connect_that_takes_longer_than_its_timeout_times_out()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using UserTcpRequestListener silent = await ListenSilentlyAsync(pair);
        var options = new UserTcpConnectionOptions { ConnectTimeout = TimeSpan.FromMilliseconds(50) };
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(
            () => pair.Client.ConnectAsync(new IPEndPoint(StackPair.ServerAddress, 80), options).AsTask()
                .WaitAsync(s_guard));
        Assert.Equal(SocketError.TimedOut, thrown.SocketErrorCode);
        Assert.Empty(pair.Client.GetConnections());
    }

    [Fact]
    public async Task A_cancelled_connect_carries_the_callers_token_and_leaves_nothing()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using UserTcpRequestListener silent = await ListenSilentlyAsync(pair);
        using var stop = new CancellationTokenSource();
        Task<UserTcpConnection> connect = pair.Client.ConnectAsync(StackPair.ServerAddress, 80, stop.Token).AsTask();
        UserTcpConnectionRequest request = await silent.AcceptAsync().AsTask().WaitAsync(s_guard);
        await stop.CancelAsync();

        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connect.WaitAsync(s_guard));
        Assert.Equal(stop.Token, thrown.CancellationToken);
        Assert.Empty(pair.Client.GetConnections());

        // A SYN-ACK that comes later finds nobody, and hears so (RFC 9293 §3.10.7.1).
        SocketException late = await Assert.ThrowsAsync<SocketException>(
            () => request.AcceptAsync().AsTask().WaitAsync(s_guard));
        Assert.Equal(SocketError.ConnectionReset, late.SocketErrorCode);
    }

    [Fact]
    public async Task A_token_cancelled_before_starts_nothing()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => pair.Client.ConnectAsync(StackPair.ServerAddress, 80, cancelled).AsTask());
        Assert.Equal(0, pair.Client.GetStatistics().ConnectionsInitiated);
    }

    [Theory]
    [InlineData("255.255.255.255")]
    [InlineData("224.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("10.0.0.255")]
    [Rfc("9293 §3.9.2.3", "MUST-46")]
    public async Task A_destination_that_is_not_one_host_is_an_argument_error(string address)
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await Assert.ThrowsAnyAsync<ArgumentException>(
            () => pair.Client.ConnectAsync(IPAddress.Parse(address), 80).AsTask());
        await Assert.ThrowsAnyAsync<ArgumentException>(
            () => pair.Client.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), 80)).AsTask());
    }

    [Fact]
    public async Task Port_zero_is_an_argument_error()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        var thrown = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => pair.Client.ConnectAsync(StackPair.ServerAddress, 0).AsTask());
        Assert.Equal("port", thrown.ParamName);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => pair.Client.ListenAsync(-1).AsTask());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => pair.Client.ListenAsync(65_536).AsTask());
    }

    [Fact]
    public async Task An_IPv6_destination_is_a_family_that_is_not_supported()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(
            () => pair.Client.ConnectAsync(IPAddress.IPv6Loopback, 80).AsTask());
        Assert.Equal(SocketError.AddressFamilyNotSupported, thrown.SocketErrorCode);
        thrown = await Assert.ThrowsAsync<SocketException>(
            () => pair.Client.PingAsync(IPAddress.IPv6Loopback).AsTask());
        Assert.Equal(SocketError.AddressFamilyNotSupported, thrown.SocketErrorCode);
    }

    [Fact]
    public async Task A_name_is_not_an_end_point_of_this_stack()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await Assert.ThrowsAsync<ArgumentException>(
            () => pair.Client.ConnectAsync(new DnsEndPoint("localhost", 80)).AsTask());
    }

    [Fact]
    public async Task A_local_end_that_is_not_ours_or_taken_is_refused()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        var foreign = new UserTcpConnectionOptions { LocalEndPoint = new IPEndPoint(IPAddress.Parse("10.0.0.9"), 0) };
        var peer = new IPEndPoint(StackPair.ServerAddress, 80);
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(
            () => pair.Client.ConnectAsync(peer, foreign).AsTask());
        Assert.Equal(SocketError.AddressNotAvailable, thrown.SocketErrorCode);

        await using UserTcpListener listener = await pair.Server.ListenAsync(80);
        var named = new UserTcpConnectionOptions { LocalEndPoint = new IPEndPoint(StackPair.ClientAddress, 4000) };
        await using UserTcpConnection first = await pair.Client.ConnectAsync(peer, named).AsTask().WaitAsync(s_guard);
        Assert.Equal(named.LocalEndPoint, first.LocalEndPoint);
        thrown = await Assert.ThrowsAsync<SocketException>(() => pair.Client.ConnectAsync(peer, named).AsTask());
        Assert.Equal(SocketError.AddressAlreadyInUse, thrown.SocketErrorCode);
    }

    [Fact]
    public async Task A_port_that_another_listener_has_is_in_use_until_that_is_disposed_of()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        UserTcpListener first = await pair.Server.ListenAsync(80);
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => pair.Server.ListenAsync(80).AsTask());
        Assert.Equal(SocketError.AddressAlreadyInUse, thrown.SocketErrorCode);
        await first.DisposeAsync();
        await using UserTcpListener second = await pair.Server.ListenAsync(80);
        Assert.Equal(80, second.LocalEndPoint.Port);
    }

    [Fact]
    public async Task What_came_before_a_reset_is_read_first()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        await server.Output.SendAsync("12345"u8.ToArray());
        // An abort forgets what has not left yet: the bytes have to be there before.
        ReadResult there = await client.Input.ReadAtLeastAsync(5).AsTask().WaitAsync(s_guard);
        client.Input.AdvanceTo(there.Buffer.Start);
        server.Abort();
        Assert.Equal(UserTcpCloseReason.ResetByPeer, await client.Closed.WaitAsync(s_guard));

        Assert.Equal("12345"u8.ToArray(), await client.Input.ReadExactlyAsync(5));
        await ThrowsAsync(client.Input, SocketError.ConnectionReset, UserTcpCloseReason.ResetByPeer);
        FlushResult flush = await client.Output.WriteAsync(new byte[10]);
        Assert.True(flush.IsCompleted);
    }

    [Fact]
    public async Task An_abort_fails_the_own_read_and_tells_why()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        ValueTask<ReadResult> read = client.Input.ReadAsync();
        var cause = new InvalidOperationException("the page is too long");
        client.Abort(cause);
        client.Abort();

        var thrown = await Assert.ThrowsAsync<UserTcpConnectionException>(() => read.AsTask().WaitAsync(s_guard));
        Assert.Equal(SocketError.ConnectionAborted, thrown.SocketErrorCode);
        Assert.Same(cause, thrown.InnerException);
        Assert.Equal(UserTcpCloseReason.ResetByLocal, await client.Closed.WaitAsync(s_guard));
        await ThrowsAsync(server.Input, SocketError.ConnectionReset, UserTcpCloseReason.ResetByPeer);
        await server.InputClosed.WaitAsync(s_guard);
        await Assert.ThrowsAsync<UserTcpConnectionException>(() => server.OutputAcknowledged.WaitAsync(s_guard));
    }

    [Fact]
    public async Task Completing_the_output_with_an_exception_resets()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        await client.Output.CompleteAsync(new InvalidOperationException("no more"));
        Assert.Equal(UserTcpCloseReason.ResetByPeer, await server.Closed.WaitAsync(s_guard));
    }

    [Fact]
    public async Task A_close_that_is_cancelled_goes_on_without_its_caller()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        using var stop = new CancellationTokenSource();
        Task close = client.CloseAsync(stop.Token).AsTask();
        await server.InputClosed.WaitAsync(s_guard);
        Assert.False(close.IsCompleted);
        await stop.CancelAsync();

        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => close.WaitAsync(s_guard));
        Assert.Equal(stop.Token, thrown.CancellationToken);
        await server.Output.SendAsync("not reset"u8.ToArray());
        Task again = client.CloseAsync().AsTask();
        await server.Output.CompleteAsync();
        await again.WaitAsync(s_guard);
        Assert.Equal(UserTcpCloseReason.Graceful, await client.Closed.WaitAsync(s_guard));
        Assert.Equal(UserTcpCloseReason.Graceful, await server.Closed.WaitAsync(s_guard));
    }

    [Fact]
    public async Task A_link_that_goes_away_ends_every_connection_and_the_stack_says_why()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection _) = await pair.ConnectAsync();
        await using UserTcpListener listener = await pair.Client.ListenAsync(80);
        Task<UserTcpConnection> accept = listener.AcceptAsync().AsTask();
        pair.Server.Abort();

        // The server resets first; whoever is there afterwards hears of the link.
        Assert.Contains(
            await client.Closed.WaitAsync(s_guard),
            new[] { UserTcpCloseReason.ResetByPeer, UserTcpCloseReason.LinkDown });
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => accept.WaitAsync(s_guard));
        Assert.Equal(SocketError.NetworkDown, thrown.SocketErrorCode);
        Assert.Equal(UserTcpStackState.Faulted, pair.Client.State);
        await Assert.ThrowsAsync<LinkDownException>(() => pair.Client.Completion.WaitAsync(s_guard));
        thrown = await Assert.ThrowsAsync<SocketException>(() => listener.AcceptAsync().AsTask());
        Assert.Equal(SocketError.NetworkDown, thrown.SocketErrorCode);
        thrown = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(pair, 80));
        Assert.Equal(SocketError.NetworkDown, thrown.SocketErrorCode);
    }

    [Fact]
    public async Task A_peer_that_vanishes_is_noticed_by_keep_alive()
    {
        SwitchedLink? wire = null;
        await using StackPair pair = await StackPair.OpenAsync(decorateClient: link => wire = new SwitchedLink(link));
        var options = new UserTcpConnectionOptions
        {
            KeepAlive = new() { Time = TimeSpan.FromSeconds(1), Interval = TimeSpan.FromSeconds(1), RetryCount = 1 },
        };
        (UserTcpConnection client, UserTcpConnection _) = await pair.ConnectAsync(options);
        wire!.IsCut = true;
        Assert.Equal(UserTcpCloseReason.KeepAliveTimedOut, await client.Closed.WaitAsync(s_guard));
        await ThrowsAsync(client.Input, SocketError.TimedOut, UserTcpCloseReason.KeepAliveTimedOut);
    }

    [Fact]
    public async Task A_peer_that_vanishes_is_noticed_by_the_user_timeout()
    {
        SwitchedLink? wire = null;
        await using StackPair pair = await StackPair.OpenAsync(decorateClient: link => wire = new SwitchedLink(link));
        (UserTcpConnection client, UserTcpConnection _) = await pair.ConnectAsync();
        client.UserTimeout = TimeSpan.FromMilliseconds(300);
        wire!.IsCut = true;
        await client.Output.SendAsync(new byte[100]);
        Assert.Equal(UserTcpCloseReason.TimedOut, await client.Closed.WaitAsync(s_guard));
        await ThrowsAsync(client.Input, SocketError.TimedOut, UserTcpCloseReason.TimedOut);
    }

    private static Task<UserTcpConnection> ConnectAsync(StackPair pair, int port) =>
        pair.Client.ConnectAsync(StackPair.ServerAddress, port).AsTask().WaitAsync(s_guard);

    // A listener that hands out requests which nobody answers: its peers hear nothing.
    private static ValueTask<UserTcpRequestListener> ListenSilentlyAsync(StackPair pair) =>
        pair.Server.ListenForRequestsAsync(
            new UserTcpRequestListenerOptions { LocalEndPoint = new IPEndPoint(IPAddress.Any, 80) });

    private static async Task ThrowsAsync(PipeReader reader, SocketError error, UserTcpCloseReason reason)
    {
        var thrown = await Assert.ThrowsAsync<UserTcpConnectionException>(
            () => reader.ReadAsync().AsTask().WaitAsync(s_guard));
        Assert.Equal(error, thrown.SocketErrorCode);
        Assert.Equal(reason, thrown.CloseReason);
        Assert.Equal(error, Assert.IsType<SocketException>(thrown.InnerException).SocketErrorCode);
    }
}

/// <summary>
/// A link whose wire can be cut: frames are taken and lost, and nothing arrives; and whose MTU can change.
/// </summary>
internal sealed class SwitchedLink(LinkDevice inner) : LinkDevice
{
    private readonly RxBatch _lost = new();
    private volatile bool _isCut;

    public bool IsCut
    {
        get => _isCut;
        set => _isCut = value;
    }

    /// <summary>What the link says; null for what it is.</summary>
    public int? Mtu { get; set; }

    /// <summary>How many frames that mean nothing come before the next that is real.</summary>
    public int Noise { get; set; }

    /// <summary>Told after each time that the link was asked for frames.</summary>
    public Action? Received { get; set; }

    /// <summary>Told how many frames each call sends, before it does.</summary>
    public Action<int>? Transmitting { get; set; }

    public override LinkInfo Info => Mtu is int mtu ? inner.Info with { Mtu = mtu } : inner.Info;

    public override void SetReceiveAddress(MacAddress address) => inner.SetReceiveAddress(address);

    public override int Receive(RxBatch batch)
    {
        int noise = 0;
        for (; Noise > 0 && batch.Add(new byte[60]); Noise--)
        {
            noise++;
        }

        if (!IsCut)
        {
            int received = inner.Receive(batch);
            Received?.Invoke();
            return noise + received;
        }

        _lost.Clear();
        inner.Receive(_lost);
        return 0;
    }

    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        Transmitting?.Invoke(frames.Length);
        return IsCut ? frames.Length : inner.Transmit(frames);
    }

    public override bool Wait(TimeSpan timeout) => inner.Wait(timeout);

    public override void Wake() => inner.Wake();

    public override void Dispose()
    {
        inner.Dispose();
        _lost.Dispose();
    }
}
