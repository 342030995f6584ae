using System.Net;
using System.Net.Sockets;
using UserTcp.Diagnostics;
using UserTcp.Tests.Api;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Diagnostics;

/// <summary>What meters see of two stacks.</summary>
[Collection(RealTime.Name)]
public sealed class MeterTests
{
    private const int Bytes = 100_000;

    [Fact]
    public async Task Counters_and_gauges_are_those_of_the_stack()
    {
        using MeterReadings readings = new MeterReadings().Start();
        await using StackPair pair = await OpenAsync(readings);
        await using UserTcpListener listener = await pair.Server.ListenAsync(80);
        // A machine that has no time for an acknowledgement must not make the sender time out.
        var patient = new UserTcpConnectionOptions
        {
            InitialRetransmitTimeout = TimeSpan.FromMinutes(1),
            MinRetransmitTimeout = TimeSpan.FromMinutes(1),
        };
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync(patient);
        await client.Output.SendAsync(PipeWords.Pattern(Bytes));
        await server.Input.ReadExactlyAsync(Bytes);

        IReadOnlyList<Reading> all = readings.Collect();

        Assert.Equal(1, Value(all, "usertcp.connection.active", "client", ("usertcp.connection.role", "client")));
        Assert.Equal(0, Value(all, "usertcp.connection.active", "client", ("usertcp.connection.role", "server")));
        Assert.Equal(1, Value(all, "usertcp.connection.active", "server", ("usertcp.connection.role", "server")));
        Assert.Equal(
            1, Value(all, "usertcp.connection.count", "server", ("network.connection.state", "established")));
        Assert.Equal(1, Value(all, "usertcp.connection.count", "server", ("network.connection.state", "listen")));
        Assert.Equal(Bytes, Value(all, "usertcp.connection.io", "client", ("network.io.direction", "transmit")));
        Assert.Equal(Bytes, Value(all, "usertcp.connection.io", "server", ("network.io.direction", "receive")));
        Assert.Equal(0, Value(all, "usertcp.listener.pending", "server", ("server.port", "80")));
        Assert.Equal(0, Value(all, "usertcp.segment.retransmits", "client", ("usertcp.retransmit.reason", "timeout")));
        Assert.True(Value(all, "usertcp.segment.count", "client", ("network.io.direction", "transmit")) > 2);
        Assert.True(Value(all, "usertcp.link.io", "server", ("network.io.direction", "receive")) > Bytes);
        Assert.Contains(all, one => one.Instrument == "usertcp.link.packets"
            && one.Has("network.interface.name", pair.ClientLink.Info.Name));
    }

    [Fact]
    public async Task Two_listeners_of_a_port_are_measured_together()
    {
        using MeterReadings readings = new MeterReadings().Start();
        await using StackPair pair = await OpenAsync(readings);
        await using UserTcpListener everywhere = await pair.Server.ListenAsync(80);
        await using UserTcpListener here = await pair.Server.ListenAsync(
            new UserTcpListenerOptions { LocalEndPoint = new IPEndPoint(StackPair.ServerAddress, 80) });

        IReadOnlyList<Reading> all = readings.Collect();

        Assert.Equal(0, Value(all, "usertcp.listener.pending", "server", ("server.port", "80")));
        Assert.Equal(0, Value(all, "usertcp.listener.overflows", "server", ("server.port", "80")));
        Assert.Equal(2, Value(all, "usertcp.connection.count", "server", ("network.connection.state", "listen")));
    }

    [Fact]
    public async Task A_listener_that_throws_costs_the_caller_the_connection_and_leaves_none_behind()
    {
        using MeterReadings readings = new MeterReadings().Start();
        await using StackPair pair = await OpenAsync(readings);
        await using UserTcpListener listener = await pair.Server.ListenAsync(80);
        readings.OnReading = name => Assert.NotEqual("usertcp.connect.duration", name);

        await Assert.ThrowsAnyAsync<Exception>(
            () => pair.Client.ConnectAsync(StackPair.ServerAddress, 80).AsTask().WaitAsync(StackPair.Guard));
        readings.OnReading = null;

        Assert.Empty(pair.Client.GetConnections());
        Assert.Equal(0, pair.Client.GetStatistics().BytesBuffered);
    }

    [Fact]
    public async Task What_ended_is_still_counted_and_its_life_was_measured()
    {
        using MeterReadings readings = new MeterReadings().Start();
        await using StackPair pair = await OpenAsync(readings);
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        await client.Output.SendAsync(PipeWords.Pattern(Bytes));
        await server.Input.ReadExactlyAsync(Bytes);
        server.Abort();
        await client.Closed.WaitAsync(StackPair.Guard);
        await server.Closed.WaitAsync(StackPair.Guard);

        IReadOnlyList<Reading> all = readings.Collect();

        Assert.Equal(Bytes, Value(all, "usertcp.connection.io", "client", ("network.io.direction", "transmit")));
        Assert.Equal(0, Value(all, "usertcp.connection.active", "client", ("usertcp.connection.role", "client")));
        Reading ended = Assert.Single(all, one => one.Instrument == "usertcp.connection.duration"
            && one.Has("usertcp.connection.role", "client"));
        Assert.Equal("reset_by_peer", ended.Tags["error.type"]);
        Assert.Equal("tcp", ended.Tags["network.transport"]);
        Assert.Contains(all, one => one.Instrument == "usertcp.rtt" && one.Value > 0);
        Assert.Contains(all, one => one.Instrument == "usertcp.arp.resolve.duration" && one.Tags.Count == 1);
        Reading connected = Assert.Single(all, one => one.Instrument == "usertcp.connect.duration");
        Assert.Equal("10.0.0.2", connected.Tags["network.peer.address"]);
        Assert.DoesNotContain("error.type", connected.Tags.Keys);
    }

    [Fact]
    public async Task A_refused_connect_has_the_error_of_its_exception()
    {
        using MeterReadings readings = new MeterReadings().Start();
        await using StackPair pair = await OpenAsync(readings);

        await Assert.ThrowsAsync<SocketException>(() => pair.Client.ConnectAsync(StackPair.ServerAddress, 9).AsTask());

        Reading refused = Assert.Single(readings.Collect(), one => one.Instrument == "usertcp.connect.duration");
        Assert.Equal("connection_refused", refused.Tags["error.type"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_names_of_an_http_client_are_measured(bool isKnown)
    {
        using MeterReadings readings = new MeterReadings().Start();
        await using StackPair pair = await OpenAsync(readings);
        using HttpClient client = pair.Client.CreateHttpClient(new UserTcpHttpOptions
        {
            Resolver = (_, _) => new(isKnown ? [StackPair.ServerAddress] : []),
        });

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri("http://server.test:9/")));

        Reading lookup = Assert.Single(readings.Collect(), one => one.Instrument == "usertcp.dns.lookup.duration");
        Assert.Equal("client", lookup.Tags["usertcp.stack.name"]);
        Assert.Equal(isKnown ? null : "host_not_found", lookup.Tags.GetValueOrDefault("error.type"));
    }

    [Fact]
    public async Task A_stack_that_is_over_is_not_asked()
    {
        using MeterReadings readings = new MeterReadings().Start();
        StackPair pair = await OpenAsync(readings);
        await pair.DisposeAsync();

        Assert.DoesNotContain(readings.Collect(), one => one.Instrument == "usertcp.segment.count");
    }

    [Fact]
    public async Task Instruments_have_the_units_of_the_conventions()
    {
        using MeterReadings readings = new MeterReadings().Start();
        await using StackPair pair = await OpenAsync(readings);

        Assert.All(readings.Units.Keys, name => Assert.StartsWith("usertcp.", name, StringComparison.Ordinal));
        Assert.Equal("s", readings.Units["usertcp.rtt"]);
        Assert.Equal("By", readings.Units["usertcp.link.io"]);
        Assert.Equal("{segment}", readings.Units["usertcp.segment.retransmits"]);
        Assert.Equal("{connection}", readings.Units["usertcp.connection.active"]);
        Assert.Equal(17, readings.Units.Count);
    }

    [Fact]
    public void States_and_errors_are_spelt_as_the_conventions_have_them()
    {
        Assert.Equal(
            ["closed", "listen", "syn_sent", "syn_received", "established", "fin_wait_1", "fin_wait_2", "close_wait",
                "closing", "last_ack", "time_wait"],
            Names.States);
        Assert.Equal("timed_out", Names.Of(SocketError.TimedOut));
        Assert.Null(Names.Of(UserTcpCloseReason.Graceful));
    }

    private static async Task<StackPair> OpenAsync(MeterReadings readings)
    {
        int count = 0;
        return await StackPair.OpenAsync(options =>
        {
            options.MeterFactory = readings;
            options.Name = count++ == 0 ? "client" : "server";
        });
    }

    private static double Value(
        IReadOnlyList<Reading> all, string name, string stack, (string Key, string Value) tag) =>
        Assert.Single(all, one =>
            one.Instrument == name && one.Has("usertcp.stack.name", stack) && one.Has(tag.Key, tag.Value)).Value;
}
