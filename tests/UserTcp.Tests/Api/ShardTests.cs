using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Runtime;
using UserTcp.Tests.Gateway;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Api;

/// <summary>Stacks in several shards: whatever a stack does, it does with any number of them.</summary>
[Collection(RealTime.Name)]
public sealed class ShardTests
{
    public static TheoryData<int, int, bool> Counts { get; } = new()
    {
        { 1, 2, true }, { 2, 2, true }, { 5, 2, true }, { 5, 5, true },
        { 2, 2, false }, { 1, 5, false }, { 5, 5, false },
    };

    [Theory]
    [MemberData(nameof(Counts))]
    public async Task Many_connections_carry_their_bytes_both_ways(int clients, int servers, bool hasQueues)
    {
        const int Connections = 48;
        await using Duo duo = await Duo.OpenAsync(clients, servers, hasQueues);
        await using UserTcpListener listener = await duo.Server.ListenAsync(80);
        Task serving = Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => EchoAsync(listener)));
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(i => TalkAsync(duo, i))).WaitAsync(StackPair.Guard);
        await serving.WaitAsync(StackPair.Guard);

        Assert.Equal(Connections, duo.Client.GetStatistics().ConnectionsInitiated);
        Assert.Equal(Connections, duo.Server.GetStatistics().ConnectionsAccepted);
        Assert.Equal(Connections, listener.GetStatistics().Accepted);
        foreach (UserTcpStack stack in new[] { duo.Client, duo.Server })
        {
            IReadOnlyList<RunningShard> shards = stack.Running!.Shards;
            UserTcpStackStatistics statistics = stack.GetStatistics();
            Assert.All(shards, shard => Assert.NotEqual(0, shard.Look((core, _) => core.Counters.SegmentsSent)));
            Assert.Equal(hasQueues || shards.Count == 1, statistics.FramesHandedOver == 0);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Each_connection_is_accepted_once_whoever_waits(int shards)
    {
        const int Connections = 200;
        await using Duo duo = await Duo.OpenAsync(shards, shards, hasQueues: true);
        await using UserTcpListener listener = await duo.Server.ListenAsync(
            new UserTcpListenerOptions { LocalEndPoint = new IPEndPoint(IPAddress.Any, 80), Backlog = Connections });
        var ports = new ConcurrentBag<int>();
        Task accepting = Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => AcceptAsync(listener, Connections / 4, ports)));
        UserTcpConnection[] clients = await Task.WhenAll(Enumerable.Range(0, Connections).Select(
            _ => duo.ConnectAsync())).WaitAsync(StackPair.Guard);
        await accepting.WaitAsync(StackPair.Guard);

        Assert.Equal(clients.Select(client => client.LocalEndPoint.Port).Order(), ports.Order());
        Assert.False(listener.TryAccept(out _));
    }

    [Fact]
    public async Task The_backlog_is_that_of_all_shards_together()
    {
        const int Backlog = 8;
        await using Duo duo = await Duo.OpenAsync(5, 5, hasQueues: true);
        await using UserTcpListener listener = await duo.Server.ListenAsync(
            new UserTcpListenerOptions { LocalEndPoint = new IPEndPoint(IPAddress.Any, 80), Backlog = Backlog });
        for (int i = 0; i < Backlog; i++)
            await duo.ConnectAsync();
        await GatewayBench.UntilAsync(() => listener.GetStatistics().PendingAccepts == Backlog);

        // The handshake of a further client ends here, but nobody takes the connection there.
        await duo.ConnectAsync();
        await GatewayBench.UntilAsync(() => listener.GetStatistics().Overflows > 0);
        Assert.Equal(Backlog, listener.GetStatistics().PendingAccepts);
        await using UserTcpConnection accepted = await listener.AcceptAsync();
        await GatewayBench.UntilAsync(() => listener.GetStatistics().PendingAccepts == Backlog); // its ACK again
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(5, false)]
    public async Task A_closed_listener_resets_what_waits_at_any_shard(int shards, bool hasQueues)
    {
        const int Connections = 30;
        await using Duo duo = await Duo.OpenAsync(1, shards, hasQueues);
        UserTcpListener listener = await duo.Server.ListenAsync(80);
        var clients = new List<UserTcpConnection>();
        for (int i = 0; i < Connections; i++)
            clients.Add(await duo.ConnectAsync());
        await GatewayBench.UntilAsync(() => listener.GetStatistics().PendingAccepts == Connections);
        await listener.DisposeAsync();

        foreach (UserTcpConnection client in clients)
            Assert.Equal(UserTcpCloseReason.ResetByPeer, await client.Closed.WaitAsync(StackPair.Guard));
        await Assert.ThrowsAnyAsync<SocketException>(async () => await duo.ConnectAsync());
        await using UserTcpListener next = await duo.Server.ListenAsync(80); // each shard has given the port back
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task A_given_local_port_leads_to_the_shard_that_has_the_flow(int shards)
    {
        await using Duo duo = await Duo.OpenAsync(shards, 1, hasQueues: true);
        await using UserTcpListener listener = await duo.Server.ListenAsync(80);
        for (int port = 5000; port < 5020; port++)
        {
            await using UserTcpConnection client = await duo.ConnectAsync(port);
            Assert.Equal(port, client.LocalEndPoint.Port);
            SocketException error =
                await Assert.ThrowsAnyAsync<SocketException>(async () => await duo.ConnectAsync(port));
            Assert.Equal(SocketError.AddressAlreadyInUse, error.SocketErrorCode);
        }
    }

    [Fact]
    public async Task Ports_are_taken_from_all_shards_until_none_is_left()
    {
        const int First = 40_000;
        const int Ports = 64;
        await using Duo duo = await Duo.OpenAsync(
            5, 1, hasQueues: true, options => options.EphemeralPorts = new UserTcpPortRange(First, First + Ports - 1));
        await using UserTcpListener listener = await duo.Server.ListenAsync(80);
        var ports = new HashSet<int>();
        for (int i = 0; i < Ports; i++)
            ports.Add((await duo.ConnectAsync()).LocalEndPoint.Port);

        Assert.Equal(Ports, ports.Count);
        SocketException error = await Assert.ThrowsAnyAsync<SocketException>(async () => await duo.ConnectAsync());
        Assert.Equal(SocketError.AddressNotAvailable, error.SocketErrorCode);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task A_connection_to_oneself_stays_in_its_shard(int shards)
    {
        await using Duo duo = await Duo.OpenAsync(shards, 1, hasQueues: true);
        await using UserTcpListener listener = await duo.Client.ListenAsync(80);
        for (int i = 0; i < 20; i++)
        {
            await using UserTcpConnection client = await duo.Client
                .ConnectAsync(new IPEndPoint(StackPair.ClientAddress, 80)).AsTask().WaitAsync(StackPair.Guard);
            await using UserTcpConnection server = await listener.AcceptAsync().AsTask().WaitAsync(StackPair.Guard);
            await client.Output.SendAsync(PipeWords.Pattern(10_000));
            Assert.Equal(PipeWords.Pattern(10_000), await server.Input.ReadExactlyAsync(10_000));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task A_fault_ends_the_connections_of_all_shards(int shards)
    {
        BrokenLink? broken = null;
        await using Duo duo = await Duo.OpenAsync(
            shards, 1, hasQueues: false,
            decorate: link => broken = new BrokenLink(link) { Failure = new IOException("gone") });
        await using UserTcpListener listener = await duo.Server.ListenAsync(80);
        var clients = new List<UserTcpConnection>();
        for (int i = 0; i < 20; i++)
            clients.Add(await duo.ConnectAsync());
        UserTcpListener waiting = await duo.Client.ListenAsync(81);
        Task<UserTcpConnection> accept = waiting.AcceptAsync().AsTask();
        broken!.IsBroken = true;
        await clients[0].Output.WriteAsync(new byte[1]);

        foreach (UserTcpConnection client in clients)
            Assert.Equal(UserTcpCloseReason.LinkDown, await client.Closed.WaitAsync(StackPair.Guard));
        SocketException error = await Assert.ThrowsAsync<SocketException>(() => accept.WaitAsync(StackPair.Guard));
        Assert.Equal(SocketError.NetworkDown, error.SocketErrorCode);
        await Assert.ThrowsAsync<IOException>(() => duo.Client.Completion.WaitAsync(StackPair.Guard));
        await Assert.ThrowsAnyAsync<SocketException>(async () => await duo.ConnectAsync());
        Assert.Equal(UserTcpStackState.Faulted, duo.Client.State);
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(5, false)]
    public async Task The_disposal_of_a_stack_sends_what_all_its_shards_hold(int shards, bool hasQueues)
    {
        byte[] text = PipeWords.Pattern(300_000);
        await using Duo duo = await Duo.OpenAsync(shards, 2, hasQueues);
        await using UserTcpListener listener = await duo.Server.ListenAsync(80);
        var servers = new List<UserTcpConnection>();
        for (int i = 0; i < 20; i++)
        {
            UserTcpConnection client = await duo.ConnectAsync();
            servers.Add(await listener.AcceptAsync());
            client.Output.Write(text);
            _ = client.Output.FlushAsync().AsTask();
        }

        Task<byte[][]> reading = Task.WhenAll(servers.Select(server => server.Input.ReadToEndAsync()));
        await duo.Client.DisposeAsync();
        foreach (byte[] bytes in await reading.WaitAsync(StackPair.Guard))
            Assert.Equal(text, bytes);
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(5, false)]
    [InlineData(5, true)]
    public async Task A_tap_sees_each_frame_once_and_those_of_a_connection_in_their_order(int shards, bool hasQueues)
    {
        var tap = new FlowTap();
        await using Duo duo = await Duo.OpenAsync(1, shards, hasQueues);
        using IDisposable registration = duo.Server.AddTap(tap);
        await using UserTcpListener listener = await duo.Server.ListenAsync(80);
        Task serving = Task.WhenAll(Enumerable.Range(0, 20).Select(_ => EchoAsync(listener)));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => TalkAsync(duo, i))).WaitAsync(StackPair.Guard);
        await serving.WaitAsync(StackPair.Guard);

        UserTcpStackStatistics statistics = duo.Server.GetStatistics();
        await GatewayBench.UntilAsync(() => tap.Received == duo.Server.GetStatistics().FramesReceived);
        Assert.Equal(0, statistics.TapFramesMissed);
        // A peer that had no processor for a while makes the other send again; nothing else comes late.
        Assert.InRange(tap.OutOfOrder, 0, duo.Client.GetStatistics().SegmentsResent);
        Assert.False(tap.RanBackwards);
    }

    [Fact]
    public async Task Pings_neighbours_and_listeners_are_those_of_the_whole_stack()
    {
        await using Duo duo = await Duo.OpenAsync(5, 5, hasQueues: true);
        await using UserTcpListener listener = await duo.Server.ListenAsync(80);
        Assert.Equal(IPStatus.Success, (await duo.Client.PingAsync(StackPair.ServerAddress)).Status);
        for (int i = 0; i < 20; i++)
            await duo.ConnectAsync();

        UserTcpNeighbor neighbor = Assert.Single(duo.Client.GetNeighbors());
        Assert.Equal(StackPair.ServerAddress, neighbor.Address);
        Assert.Equal(duo.Server.MacAddress, neighbor.MacAddress);
        Assert.Equal(20, duo.Client.GetConnections().Count);
        Assert.Equal(20, duo.Client.GetStatistics().CurrentConnections);
        await using UserTcpListener any = await duo.Server.ListenAsync(0);
        Assert.NotEqual(0, any.LocalEndPoint.Port);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    public void The_number_of_shards_has_bounds(int shards)
    {
        UserTcpStackOptions options = StackPair.Options(VirtualLink.CreatePair().First, StackPair.ClientAddress);
        options.Shards = shards;
        Assert.Equal("Shards", Assert.Throws<ArgumentOutOfRangeException>(options.Validate).ParamName);
    }

    private static async Task EchoAsync(UserTcpListener listener)
    {
        await using UserTcpConnection connection = await listener.AcceptAsync();
        while (true)
        {
            ReadResult result = await connection.Input.ReadAsync();
            foreach (ReadOnlyMemory<byte> piece in result.Buffer)
                await connection.Output.WriteAsync(piece);
            connection.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                break;
        }

        await connection.CloseAsync();
    }

    private static async Task TalkAsync(Duo duo, int number)
    {
        byte[] text = PipeWords.Pattern(20_000 + number);
        await using UserTcpConnection connection = await duo.ConnectAsync();
        await connection.Output.WriteAsync(text);
        await connection.Output.CompleteAsync();
        Assert.Equal(text, await connection.Input.ReadToEndAsync());
    }

    private static async Task AcceptAsync(UserTcpListener listener, int count, ConcurrentBag<int> ports)
    {
        for (int i = 0; i < count; i++)
            ports.Add((await listener.AcceptAsync()).RemoteEndPoint.Port);
    }

    /// <summary>Two stacks, each with shards of its own.</summary>
    private sealed class Duo(UserTcpStack client, UserTcpStack server) : IAsyncDisposable
    {
        public UserTcpStack Client => client;

        public UserTcpStack Server => server;

        public static async Task<Duo> OpenAsync(
            int clientShards, int serverShards, bool hasQueues, Action<UserTcpStackOptions>? configureClient = null,
            Func<LinkDevice, LinkDevice>? decorate = null)
        {
            (VirtualLink first, VirtualLink second) = VirtualLink.CreatePair();
            decorate ??= link => hasQueues ? link : new BrokenLink(link); // which has one queue, and is whole
            UserTcpStackOptions here = StackPair.Options(decorate(first), StackPair.ClientAddress);
            UserTcpStackOptions there =
                StackPair.Options(hasQueues ? second : new BrokenLink(second), StackPair.ServerAddress);
            here.Shards = clientShards;
            there.Shards = serverShards;
            configureClient?.Invoke(here);
            UserTcpStack client = await UserTcpStack.OpenAsync(here).AsTask().WaitAsync(StackPair.Guard);
            return new Duo(client, await UserTcpStack.OpenAsync(there).AsTask().WaitAsync(StackPair.Guard));
        }

        public async Task<UserTcpConnection> ConnectAsync(int localPort = 0)
        {
            var options = client.CreateConnectionOptions();
            options.LocalEndPoint = localPort == 0 ? null : new IPEndPoint(IPAddress.Any, localPort);
            return await client.ConnectAsync(new IPEndPoint(StackPair.ServerAddress, 80), options).AsTask()
                .WaitAsync(StackPair.Guard);
        }

        public async ValueTask DisposeAsync()
        {
            await client.DisposeAsync();
            await server.DisposeAsync();
        }
    }

    /// <summary>
    /// Looks at the sequence numbers of the peer's text, flow by flow; the wire loses and reorders nothing.
    /// </summary>
    private sealed class FlowTap : IPacketTap
    {
        private const int Ports = 34;
        private readonly Dictionary<uint, uint> _next = [];
        private DateTimeOffset _last;

        public long Received { get; private set; }

        public int OutOfOrder { get; private set; }

        public bool RanBackwards { get; private set; }

        public void OnPacket(in PacketTapContext packet)
        {
            RanBackwards |= packet.Timestamp < _last;
            _last = packet.Timestamp;
            if (packet.Direction != PacketDirection.Received)
                return;

            Received++;
            ReadOnlySpan<byte> frame = packet.Frame;
            if (frame.Length < Ports + 20 || frame[12] != 8 || frame[13] != 0)
                return;

            uint flow = BinaryPrimitives.ReadUInt32BigEndian(frame[Ports..]);
            uint seq = BinaryPrimitives.ReadUInt32BigEndian(frame[(Ports + 4)..]);
            if (_next.TryGetValue(flow, out uint before) && (int)(seq - before) < 0)
                OutOfOrder++;
            _next[flow] = seq;
        }
    }
}
