using System.IO.Pipelines;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using UserTcp.Links;
using UserTcp.Tests.Runtime;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Api;

/// <summary>Starts, ends, and what is left behind.</summary>
[Collection(RealTime.Name)]
public sealed class LifeTests
{
    private static readonly TimeSpan s_guard = StackPair.Guard;

    [Fact]
    public async Task The_first_use_starts_the_stack()
    {
        (VirtualLink link, VirtualLink other) = VirtualLink.CreatePair();
        using VirtualLink _ = other;
        await using var stack = new UserTcpStack(StackPair.Options(link, StackPair.ClientAddress));
        Assert.Equal(UserTcpStackState.Created, stack.State);
        await using UserTcpListener listener = await stack.ListenAsync(0);
        Assert.Equal(UserTcpStackState.Running, stack.State);
        Assert.InRange(listener.LocalEndPoint.Port, 1, 65_535);
        await stack.StartAsync();
    }

    [Fact]
    public async Task The_default_MAC_is_local_unicast_and_the_same_each_time()
    {
        await using StackPair first = await StackPair.OpenAsync();
        await using StackPair second = await StackPair.OpenAsync();
        Assert.True(first.Client.MacAddress.IsLocallyAdministered);
        Assert.False(first.Client.MacAddress.IsMulticast);
        Assert.Equal(first.Client.MacAddress, second.Client.MacAddress);
        Assert.NotEqual(first.Client.MacAddress, first.Server.MacAddress);
    }

    [Fact]
    public async Task An_address_that_another_station_has_fails_the_start_and_names_it()
    {
        var shared = new VirtualLinkOptions { Features = VirtualLinkOptions.AllFeatures & ~LinkFeatures.PointToPoint };
        (VirtualLink link, VirtualLink other) = VirtualLink.CreatePair(shared);
        await using UserTcpStack owner = await UserTcpStack
            .OpenAsync(StackPair.Options(other, StackPair.ServerAddress)).AsTask().WaitAsync(s_guard);
        var thief = new UserTcpStack(StackPair.Options(link, StackPair.ServerAddress));

        SocketException thrown = await Assert.ThrowsAsync<SocketException>(
            () => thief.StartAsync().AsTask().WaitAsync(s_guard));
        Assert.Equal(SocketError.AddressAlreadyInUse, thrown.SocketErrorCode);
        Assert.Contains(owner.MacAddress.ToString(), thrown.Message, StringComparison.Ordinal);
        Assert.Equal(UserTcpStackState.Created, thief.State);
        await thief.DisposeAsync();
    }

    [Fact]
    public async Task A_cancelled_start_can_be_tried_again()
    {
        var shared = new VirtualLinkOptions { Features = VirtualLinkOptions.AllFeatures & ~LinkFeatures.PointToPoint };
        (VirtualLink link, VirtualLink other) = VirtualLink.CreatePair(shared);
        using VirtualLink _ = other;
        // Time stands still: the probes for the address cannot be over before the start is cancelled.
        var time = new FakeTimeProvider();
        UserTcpStackOptions options = StackPair.Options(link, StackPair.ClientAddress);
        options.TimeProvider = time;
        await using var stack = new UserTcpStack(options);
        using var stop = new CancellationTokenSource();
        Task start = stack.StartAsync(stop.Token).AsTask();
        await stop.CancelAsync();
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start.WaitAsync(s_guard));
        Assert.Equal(stop.Token, thrown.CancellationToken);

        Task again = stack.StartAsync().AsTask();
        using var guard = new CancellationTokenSource(s_guard);
        while (!again.IsCompleted)
        {
            guard.Token.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Yield();
        }

        await again;
        Assert.Equal(UserTcpStackState.Running, stack.State);
    }

    [Fact]
    public async Task After_disposal_everything_says_so()
    {
        StackPair pair = await StackPair.OpenAsync();
        await pair.DisposeAsync();
        Assert.Equal(UserTcpStackState.Stopped, pair.Client.State);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pair.Client.StartAsync().AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pair.Client.ListenAsync(80).AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => pair.Client.PingAsync(StackPair.ServerAddress).AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => pair.Client.ConnectAsync(StackPair.ServerAddress, 80).AsTask());
        await pair.Client.DisposeAsync();
        pair.Client.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task StackDispose_ResetsOrDrains(bool isAsync)
    {
        StackPair pair = await StackPair.OpenAsync(o => o.ShutdownTimeout = s_guard);
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        byte[] bytes = PipeWords.Pattern(900_000);
        Task<byte[]> received = server.Input.ReadToEndAsync();
        await client.Output.SendAsync(bytes.AsMemory(..^10));
        bytes.AsSpan(^10..).CopyTo(client.Output.GetSpan(10));
        client.Output.Advance(10); // and no flush
        if (isAsync)
            await pair.Client.DisposeAsync().AsTask().WaitAsync(s_guard);
        else
            await Task.Run(pair.Client.Dispose).WaitAsync(s_guard);

        Assert.Equal(bytes, await received.WaitAsync(s_guard));
        Assert.NotEqual(UserTcpCloseReason.None, await client.Closed.WaitAsync(s_guard));
        Assert.NotEqual(UserTcpCloseReason.None, await server.Closed.WaitAsync(s_guard));
        await pair.DisposeAsync();
        Assert.Equal(0, pair.Client.GetStatistics().BytesBuffered);
        Assert.Equal(0, pair.Server.GetStatistics().BytesBuffered);
    }

    [Fact]
    public async Task A_stack_that_is_aborted_resets_at_once()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        ValueTask<ReadResult> pending = client.Input.ReadAsync();
        pair.Client.Abort();

        Assert.Equal(UserTcpStackState.Stopped, pair.Client.State);
        Assert.Equal(UserTcpCloseReason.ResetByPeer, await server.Closed.WaitAsync(s_guard));
        Assert.Equal(UserTcpCloseReason.StackStopped, await client.Closed.WaitAsync(s_guard));
        var thrown = await Assert.ThrowsAsync<UserTcpConnectionException>(() => pending.AsTask().WaitAsync(s_guard));
        Assert.Equal(SocketError.OperationAborted, thrown.SocketErrorCode);
        Assert.True((await client.Output.WriteAsync(new byte[1])).IsCompleted);
    }

    [Fact]
    public async Task A_connect_that_is_pending_when_the_stack_goes_is_aborted()
    {
        StackPair pair = await StackPair.OpenAsync();
        Task<UserTcpConnection> connect = pair.Client.ConnectAsync(IPAddress.Parse("10.0.0.77"), 80).AsTask();
        await pair.DisposeAsync();
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => connect.WaitAsync(s_guard));
        Assert.Equal(SocketError.OperationAborted, thrown.SocketErrorCode);
    }

    [Fact]
    public async Task Disposed_of_with_all_read_and_completed_a_connection_ends_with_FIN()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        await client.Output.CompleteAsync();
        await client.DisposeAsync();
        Assert.Empty(await server.Input.ReadToEndAsync());
        await server.CloseAsync().AsTask().WaitAsync(s_guard);
        Assert.Equal(UserTcpCloseReason.Graceful, await client.Closed.WaitAsync(s_guard));
    }

    [Fact]
    public async Task Disposed_of_with_bytes_to_send_a_connection_sends_them_and_FIN()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync(
            new UserTcpConnectionOptions { AutoTuneBuffers = false });
        byte[] bytes = PipeWords.Pattern(700_000);
        await client.Output.SendAsync(bytes);
        await client.DisposeAsync();
        await client.DisposeAsync();
        Assert.Equal(bytes, await server.Input.ReadToEndAsync());
    }

    [Fact, Rfc("9293 §3.6.1", "SHLD-3")]
    public async Task Disposed_of_with_bytes_left_unread_a_connection_is_reset()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        await server.Output.SendAsync("unread"u8.ToArray());
        ReadResult result = await client.Input.ReadAsync().AsTask().WaitAsync(s_guard);
        client.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        await client.DisposeAsync();
        Assert.Equal(UserTcpCloseReason.ResetByLocal, await client.Closed.WaitAsync(s_guard));
        Assert.Equal(UserTcpCloseReason.ResetByPeer, await server.Closed.WaitAsync(s_guard));
    }

    [Fact]
    public async Task Disposed_of_during_a_read_the_read_ends_at_once()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection _) = await pair.ConnectAsync();
        ValueTask<ReadResult> pending = client.Input.ReadAsync();
        await client.DisposeAsync();
        var thrown = await Assert.ThrowsAsync<UserTcpConnectionException>(() => pending.AsTask().WaitAsync(s_guard));
        Assert.Equal(SocketError.OperationAborted, thrown.SocketErrorCode);
        Assert.Throws<ObjectDisposedException>(() => client.NoDelay = false);
    }

    [Fact]
    public async Task Without_lingering_disposal_resets()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync(
            new UserTcpConnectionOptions { LingerTimeout = TimeSpan.Zero });
        await client.DisposeAsync();
        Assert.Equal(UserTcpCloseReason.ResetByPeer, await server.Closed.WaitAsync(s_guard));
    }

    [Fact]
    public async Task With_lingering_disposal_waits_until_all_is_acknowledged()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync(
            new UserTcpConnectionOptions { LingerTimeout = TimeSpan.FromSeconds(30), AutoTuneBuffers = false });
        byte[] bytes = PipeWords.Pattern(900_000);
        await client.Output.SendAsync(bytes);
        Task dispose = client.DisposeAsync().AsTask();
        Assert.Equal(bytes, await server.Input.ReadToEndAsync());
        await dispose.WaitAsync(s_guard);
        await client.OutputAcknowledged.WaitAsync(s_guard);
    }

    [Fact]
    public async Task A_close_waits_for_the_peer_and_throws_away_what_it_still_sends()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        Task close = client.CloseAsync().AsTask();
        Assert.Empty(await server.Input.ReadToEndAsync());
        await server.Output.SendAsync(PipeWords.Pattern(3_000_000));
        Assert.False(close.IsCompleted);
        await server.Output.CompleteAsync();
        await close.WaitAsync(s_guard);
        Assert.Equal(UserTcpCloseReason.Graceful, await server.Closed.WaitAsync(s_guard));
    }

    [Fact]
    public async Task A_disposed_listener_ends_its_waits_and_resets_who_was_not_accepted()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        UserTcpListener listener = await pair.Server.ListenAsync(80);
        UserTcpConnection waiting = await pair.Client.ConnectAsync(StackPair.ServerAddress, 80);
        UserTcpConnection accepted = await listener.AcceptAsync().AsTask().WaitAsync(s_guard);
        UserTcpConnection second = await pair.Client.ConnectAsync(StackPair.ServerAddress, 80);
        await using UserTcpListener other = await pair.Server.ListenAsync(81);
        Task<UserTcpConnection> pending = other.AcceptAsync().AsTask();

        await listener.DisposeAsync();
        await other.DisposeAsync();
        Assert.Equal(UserTcpCloseReason.ResetByPeer, await second.Closed.WaitAsync(s_guard));
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => pending.WaitAsync(s_guard));
        Assert.Equal(SocketError.OperationAborted, thrown.SocketErrorCode);
        thrown = await Assert.ThrowsAsync<SocketException>(() => listener.AcceptAsync().AsTask());
        Assert.Equal(SocketError.OperationAborted, thrown.SocketErrorCode);
        thrown = Assert.Throws<SocketException>(() => listener.TryAccept(out _));
        Assert.Equal(SocketError.OperationAborted, thrown.SocketErrorCode);

        await accepted.Output.SendAsync("lives on"u8.ToArray());
        Assert.Equal("lives on"u8.ToArray(), await waiting.Input.ReadExactlyAsync(8));
    }

    [Fact]
    public async Task The_sequence_of_accepted_connections_ends_with_the_listener()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        UserTcpListener listener = await pair.Server.ListenAsync(80);
        int count = 0;
        for (int i = 0; i < 3; i++)
        {
            await using UserTcpConnection _ = await pair.Client.ConnectAsync(StackPair.ServerAddress, 80);
        }

        await foreach (UserTcpConnection connection in listener.AcceptAllAsync())
        {
            await connection.DisposeAsync();
            if (++count == 3)
                await listener.DisposeAsync();
        }

        Assert.Equal(3, count);
    }

    [Fact]
    public async Task A_cancelled_accept_takes_no_connection_with_it()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using UserTcpListener listener = await pair.Server.ListenAsync(80);
        using var stop = new CancellationTokenSource();
        Task<UserTcpConnection> cancelled = listener.AcceptAsync(stop.Token).AsTask();
        await stop.CancelAsync();
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(s_guard));
        Assert.Equal(stop.Token, thrown.CancellationToken);
        Assert.False(listener.TryAccept(out _));

        await using UserTcpConnection client = await pair.Client.ConnectAsync(StackPair.ServerAddress, 80);
        await using UserTcpConnection server = await listener.AcceptAsync().AsTask().WaitAsync(s_guard);
        Assert.Equal(client.LocalEndPoint, server.RemoteEndPoint);
        Assert.Equal(server.LocalEndPoint, client.RemoteEndPoint);
    }

    [Fact]
    public async Task A_request_tells_which_address_was_dialled_and_is_accepted()
    {
        await using StackPair pair = await StackPair.OpenAsync(
            o => o.Gateway = IsServer(o) ? StackPair.ClientAddress : StackPair.ServerAddress);
        await using UserTcpRequestListener listener = await ListenAnywhereAsync(pair);
        var remote = new IPEndPoint(IPAddress.Parse("192.0.2.80"), 8080);
        Task<UserTcpConnection> connect = pair.Client.ConnectAsync(remote).AsTask();
        UserTcpConnectionRequest request = await listener.AcceptAsync().AsTask().WaitAsync(s_guard);
        Assert.Equal(remote, request.LocalEndPoint);
        Assert.False(connect.IsCompleted);
        Assert.False(request.Cancelled.IsCancellationRequested);

        await using UserTcpConnection server = await request.AcceptAsync().AsTask().WaitAsync(s_guard);
        await using UserTcpConnection client = await connect.WaitAsync(s_guard);
        Assert.Equal(client.LocalEndPoint, request.RemoteEndPoint);
        Assert.Equal(remote, server.LocalEndPoint);
        Assert.Throws<InvalidOperationException>(() => request.Reject());
    }

    [Fact]
    public async Task Requests_for_the_own_addresses_give_each_connection_its_own_options()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using UserTcpRequestListener listener = await pair.Server.ListenForRequestsAsync(
            new UserTcpRequestListenerOptions { LocalEndPoint = new IPEndPoint(StackPair.ServerAddress, 0) });
        Assert.InRange(listener.LocalEndPoint.Port, 1, 65_535);
        int count = 0;
        Task<UserTcpConnection>[] connects =
            [.. Enumerable.Range(0, 2).Select(_ => pair.Client.ConnectAsync(listener.LocalEndPoint).AsTask())];
        await foreach (UserTcpConnectionRequest request in listener.AcceptAllAsync())
        {
            UserTcpConnectionOptions options = pair.Server.CreateConnectionOptions();
            options.NoDelay = count == 0;
            options.TimeToLive = (byte)(10 + count);
            UserTcpConnection accepted = await request.AcceptAsync(options).AsTask().WaitAsync(s_guard);
            Assert.Equal(count == 0, accepted.NoDelay);
            if (++count == connects.Length)
                await listener.DisposeAsync();
        }

        Assert.Equal(2, count);
        await Task.WhenAll(connects).WaitAsync(s_guard);
        await Assert.ThrowsAsync<SocketException>(() => listener.AcceptAsync().AsTask());
    }

    [Fact]
    public async Task A_listener_for_requests_leaves_foreign_addresses_alone_unless_it_is_told()
    {
        await using StackPair pair = await StackPair.OpenAsync(
            o => o.Gateway = IsServer(o) ? StackPair.ClientAddress : StackPair.ServerAddress);
        await using UserTcpRequestListener listener = await pair.Server.ListenForRequestsAsync(
            new UserTcpRequestListenerOptions { LocalEndPoint = new IPEndPoint(IPAddress.Any, 8080) });
        Task<UserTcpConnection> foreign = pair.Client
            .ConnectAsync(new IPEndPoint(IPAddress.Parse("192.0.2.80"), 8080)).AsTask();
        Task<UserTcpConnection> own = pair.Client
            .ConnectAsync(new IPEndPoint(StackPair.ServerAddress, 8080)).AsTask();
        UserTcpConnectionRequest request = await listener.AcceptAsync().AsTask().WaitAsync(s_guard);
        Assert.Equal(StackPair.ServerAddress, request.LocalEndPoint.Address);
        await request.AcceptAsync().AsTask().WaitAsync(s_guard);
        await own.WaitAsync(s_guard);
        Assert.False(foreign.IsCompleted);
        Assert.Equal(0, listener.GetStatistics().PendingAccepts);
    }

    [Theory]
    [InlineData(UserTcpRejectReason.Reset, SocketError.ConnectionRefused)]
    [InlineData(UserTcpRejectReason.PortUnreachable, SocketError.ConnectionRefused)]
    public async Task A_rejected_request_is_refused(UserTcpRejectReason reason, SocketError expected)
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using UserTcpRequestListener listener = await ListenAnywhereAsync(pair);
        Task<UserTcpConnection> connect = pair.Client.ConnectAsync(StackPair.ServerAddress, 80).AsTask();
        UserTcpConnectionRequest request = await listener.AcceptAsync().AsTask().WaitAsync(s_guard);
        Assert.Throws<ArgumentOutOfRangeException>(() => request.Reject((UserTcpRejectReason)99));
        request.Reject(reason);
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => connect.WaitAsync(s_guard));
        Assert.Equal(expected, thrown.SocketErrorCode);
    }

    [Fact]
    public async Task A_request_whose_listener_goes_is_cancelled()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        UserTcpRequestListener listener = await ListenAnywhereAsync(pair);
        Task<UserTcpConnection> connect = pair.Client.ConnectAsync(StackPair.ServerAddress, 80).AsTask();
        UserTcpConnectionRequest request = await listener.AcceptAsync().AsTask().WaitAsync(s_guard);
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration _ = request.Cancelled.Register(cancelled.SetResult);
        await listener.DisposeAsync();
        await cancelled.Task.WaitAsync(s_guard);
        await Assert.ThrowsAsync<SocketException>(() => request.AcceptAsync().AsTask());
        await Assert.ThrowsAsync<SocketException>(() => connect.WaitAsync(s_guard));
    }

    [Fact]
    public async Task A_ping_is_answered_with_its_bytes()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        UserTcpPingReply reply = await pair.Client
            .PingAsync(StackPair.ServerAddress, new UserTcpPingOptions { DataLength = 100, Timeout = s_guard })
            .AsTask().WaitAsync(s_guard);
        Assert.Equal(IPStatus.Success, reply.Status);
        Assert.Equal(StackPair.ServerAddress, reply.Address);
        Assert.Equal(100, reply.DataLength);
        Assert.True(reply.RoundTripTime > TimeSpan.Zero);
        Assert.Equal(64, reply.TimeToLive);
        UserTcpPingReply next = await pair.Client.PingAsync(StackPair.ServerAddress).AsTask().WaitAsync(s_guard);
        int key = reply.Identifier << 16 | reply.SequenceNumber;
        Assert.Equal(unchecked(key + 1), next.Identifier << 16 | next.SequenceNumber);
    }

    [Fact]
    public async Task A_ping_that_nobody_answers_times_out()
    {
        await using StackPair pair = await StackPair.OpenAsync(o => o.RespondToPing = false);
        UserTcpPingReply reply = await pair.Client
            .PingAsync(StackPair.ServerAddress, new UserTcpPingOptions { Timeout = TimeSpan.FromMilliseconds(50) })
            .AsTask().WaitAsync(s_guard);
        Assert.Equal(IPStatus.TimedOut, reply.Status);
        Assert.Equal((StackPair.ServerAddress, 0), (reply.Address, reply.TimeToLive));
    }

    [Fact]
    public async Task Settings_can_be_changed_while_the_connection_lives()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        client.NoDelay = false;
        client.TrafficClass = 0xb9;
        client.UserTimeout = TimeSpan.FromSeconds(9);
        client.KeepAlive = new UserTcpKeepAliveOptions { Time = TimeSpan.FromSeconds(30) };
        Assert.False(client.NoDelay);
        Assert.True(server.NoDelay);
        Assert.Equal(0xb8, client.TrafficClass);
        Assert.Equal(TimeSpan.FromSeconds(9), client.UserTimeout);
        Assert.Equal(TimeSpan.FromSeconds(30), client.KeepAlive!.Time);
        client.KeepAlive = null;
        Assert.Null(client.KeepAlive);
        Assert.Throws<ArgumentOutOfRangeException>(() => client.UserTimeout = TimeSpan.Zero);
    }

    [Fact]
    public async Task Accepted_connections_do_not_share_their_settings()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using UserTcpListener listener = await pair.Server.ListenAsync(80);
        await using UserTcpConnection a = await pair.Client.ConnectAsync(StackPair.ServerAddress, 80);
        await using UserTcpConnection b = await pair.Client.ConnectAsync(StackPair.ServerAddress, 80);
        await using UserTcpConnection first = await listener.AcceptAsync().AsTask().WaitAsync(s_guard);
        await using UserTcpConnection second = await listener.AcceptAsync().AsTask().WaitAsync(s_guard);
        first.NoDelay = false;
        Assert.True(second.NoDelay);
    }

    [Fact]
    public async Task A_corked_connection_sends_what_waits_once_it_is_uncorked()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        client.Corked = true;
        await client.Output.SendAsync("head "u8.ToArray());
        await client.Output.SendAsync("and body"u8.ToArray());
        Assert.Equal(13, client.GetInfo().BytesQueued);
        client.Corked = false;
        ReadResult result = await server.Input.ReadAsync().AsTask().WaitAsync(s_guard);
        Assert.Equal(13, result.Buffer.Length);
    }

    [Fact]
    public async Task The_info_tells_what_happened()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        byte[] bytes = PipeWords.Pattern(200_000);
        Task<byte[]> received = server.Input.ReadToEndAsync();
        await client.Output.SendAsync(bytes);
        await client.Output.CompleteAsync();
        await received.WaitAsync(s_guard);
        await client.OutputAcknowledged.WaitAsync(s_guard);

        UserTcpConnectionInfo info = client.GetInfo();
        Assert.Equal(TcpState.FinWait2, info.State);
        Assert.Equal(200_000, info.BytesSent - info.BytesRetransmitted);
        Assert.Equal(200_000, info.BytesAcked);
        Assert.Equal(0, info.BytesInFlight);
        Assert.Equal(0, info.BytesQueued);
        Assert.Equal(pair.Client.GetStatistics().SegmentsResent, info.Retransmits);
        Assert.Equal(1448, info.SendSegmentSize);
        Assert.Equal(1460, info.ReceiveSegmentSize);
        Assert.Equal(1460, info.PeerSegmentSize);
        Assert.Equal(1500, info.PathMtu);
        Assert.True(info.SelectiveAcknowledgments);
        Assert.True(info.Timestamps);
        Assert.True(info.SmoothedRtt > TimeSpan.Zero);
        Assert.True(info.MinRtt <= info.SmoothedRtt + info.RttVariance * 4);
        Assert.True(info.RetransmitTimeout >= TimeSpan.FromMilliseconds(200));
        Assert.True(info.CongestionWindow >= info.SendSegmentSize);
        Assert.True(info.Uptime > TimeSpan.Zero);
        Assert.Equal(200_000, server.GetInfo().BytesReceived);
        Assert.NotEmpty(info.CongestionControl);
    }

    [Fact]
    public async Task The_statistics_and_lists_tell_what_is_there()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        Assert.Same(client, Assert.Single(pair.Client.GetConnections()));
        Assert.Same(server, Assert.Single(pair.Server.GetConnections()));
        Assert.NotEqual(client.Id, server.Id);
        UserTcpNeighbor neighbor = Assert.Single(pair.Client.GetNeighbors());
        Assert.Equal(StackPair.ServerAddress, neighbor.Address);
        Assert.Equal(pair.Server.MacAddress, neighbor.MacAddress);
        Assert.Equal(UserTcpNeighborState.Reachable, neighbor.State);

        UserTcpStackStatistics statistics = pair.Client.GetStatistics();
        Assert.Equal(1, statistics.ConnectionsInitiated);
        Assert.Equal(1, statistics.CurrentConnections);
        Assert.True(statistics.SegmentsSent >= 2);
        Assert.True(statistics.FramesReceived >= 2);
        Assert.True(statistics.BytesReceived > 0);
        client.Abort();
        Assert.Empty(pair.Client.GetConnections());
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_ports()
    {
        int[] ports = new int[2];
        for (int i = 0; i < ports.Length; i++)
        {
            await using StackPair pair = await StackPair.OpenAsync(o => o.DeterministicSeed = 42);
            (UserTcpConnection client, UserTcpConnection _) = await pair.ConnectAsync();
            ports[i] = client.LocalEndPoint.Port;
        }

        Assert.Equal(ports[0], ports[1]);
    }

    private static bool IsServer(UserTcpStackOptions options) =>
        options.Addresses[0].Address.Equals(StackPair.ServerAddress);

    private static ValueTask<UserTcpRequestListener> ListenAnywhereAsync(StackPair pair) =>
        pair.Server.ListenForRequestsAsync(new UserTcpRequestListenerOptions { AnyAddress = true });
}
