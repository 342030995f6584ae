using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Tests.Stack;

/// <summary>Two stacks over a wire in virtual time: every byte arrives, in order, whatever the wire does.</summary>
public class TransferTests
{
    private static (TransferApp Client, TransferApp Server) Start(
        TestNetwork network, TestHost client, TestHost server, long up, long down)
    {
        TransferApp? accepted = null;
        server.Listen(80, () => accepted = new TransferApp(down, 2, 1));
        TransferApp app = client.Connect(new TransferApp(up, 1, 2), server, 80);
        network.RunUntil(() => accepted is not null);
        return (app, accepted!);
    }

    private static void RunToEnd(TestNetwork network, (TransferApp Client, TransferApp Server) apps, long up, long down)
    {
        network.RunUntil(() => apps.Client.IsDone && apps.Server.IsDone);
        Assert.Equal(down, apps.Client.BytesRead);
        Assert.Equal(up, apps.Server.BytesRead);
    }

    [Theory]
    [InlineData(true, 0, 0)]
    [InlineData(true, 1, 1)]
    [InlineData(true, 3_000_000, 2_000_000)]
    [InlineData(false, 3_000_000, 2_000_000)]
    public void Transfers_both_ways_on_a_clean_wire_without_a_retransmission(bool cuts, long up, long down)
    {
        using var network = new TestNetwork();
        TestHost client = network.Add(1, cuts), server = network.Add(2, cuts);
        RunToEnd(network, Start(network, client, server, up, down), up, down);
        Assert.Equal(0, client.Counters.SegmentsResent + server.Counters.SegmentsResent);
        Assert.Equal(0, client.Counters.ResetsSent + server.Counters.ResetsSent);
        Assert.Equal(0, client.Counters.ErrorsReceived + server.Counters.ErrorsReceived);
        Assert.Equal((1, 0), (client.Counters.ConnectionsInitiated, client.Counters.ConnectionsAccepted));
        Assert.Equal((0, 1), (server.Counters.ConnectionsInitiated, server.Counters.ConnectionsAccepted));
        Assert.Equal(0, client.Core.ConnectionCount + server.Core.ConnectionCount);
        Assert.InRange(client.Core.TimeWaitCount + server.Core.TimeWaitCount, 1, 2); // two where the FINs crossed
        Assert.Equal(0, client.Core.Config.Chunks.BytesOut);
        Assert.Equal(0, server.Core.Config.Chunks.BytesOut);
    }

    [Theory]
    [InlineData(1, 0.01, 0, 0, 0)]
    [InlineData(2, 0.05, 0, 0, 0)]
    [InlineData(3, 0, 0, 0.2, 0)]
    [InlineData(4, 0, 0.2, 0, 0)]
    [InlineData(5, 0.02, 0.02, 0.05, 0.02)]
    [InlineData(6, 0.05, 0.1, 0.1, 0.04)]
    [InlineData(7, 0.03, 0.01, 0.3, 0)]
    public void Every_byte_arrives_over_a_wire_that_loses_duplicates_reorders_and_corrupts(
        int seed, double loss, double duplication, double reordering, double corruption)
    {
        using var network = new TestNetwork(seed)
        {
            Loss = loss, Duplication = duplication, Reordering = reordering, Corruption = corruption,
        };
        TestHost client = network.Add(1), server = network.Add(2);
        RunToEnd(network, Start(network, client, server, 700_000, 500_000), 700_000, 500_000);
        Assert.Equal(corruption > 0, client.Counters.ErrorsReceived + server.Counters.ErrorsReceived > 0);
    }

    [Fact]
    public void Coalesced_super_segments_survive_loss()
    {
        using var network = new TestNetwork(9) { Loss = 0.05, Reordering = 0.1 };
        TestHost client = network.Add(1, cuts: false), server = network.Add(2, cuts: false);
        RunToEnd(network, Start(network, client, server, 2_000_000, 2_000_000), 2_000_000, 2_000_000);
    }

    [Fact]
    public void A_device_that_takes_one_frame_at_a_time_loses_nothing()
    {
        using var network = new TestNetwork(3) { Loss = 0.01 };
        TestHost client = network.Add(1), server = network.Add(2);
        (TransferApp, TransferApp) apps = Start(network, client, server, 400_000, 400_000);
        client.DeviceTakes = server.DeviceTakes = 1;
        for (int i = 0; i < 100_000 && !(apps.Item1.IsDone && apps.Item2.IsDone); i++)
        {
            network.RunFor(0.0005);
        }

        Assert.True(apps.Item1.IsDone && apps.Item2.IsDone);
        Assert.True(client.Counters.LinkSendBackpressure > 0);
    }

    [Fact]
    public void A_connection_to_an_address_of_our_own_never_touches_the_link()
    {
        using var network = new TestNetwork { Records = true };
        TestHost host = network.Add(1);
        RunToEnd(network, Start(network, host, host, 1_000_000, 1_000_000), 1_000_000, 1_000_000);
        Assert.Empty(network.Sent);
        Assert.Equal(0, host.Counters.SegmentsResent);
    }

    [Fact]
    public void Data_written_before_the_handshake_ends_is_kept()
    {
        using var network = new TestNetwork();
        TestHost client = network.Add(1), server = network.Add(2);
        TransferApp? accepted = null;
        server.Listen(80, () => accepted = new TransferApp(0, 2, 1));
        TransferApp app = client.Connect(new TransferApp(10_000, 1, 2) { ClosesOutput = false }, server, 80);
        app.Tell(Effects.Writable); // writes now, in SYN-SENT
        Assert.Equal(TcpState.SynSent, app.Connection!.Tcb.State);
        network.RunUntil(() => accepted?.BytesRead == 10_000);
    }

    [Fact]
    public void Ten_thousand_connections_at_once_transfer_and_leave_nothing_behind()
    {
        const int count = 10_000;
        using var network = new TestNetwork();
        TestHost client = network.Add(1), server = network.Add(2);
        var served = new List<TransferApp>();
        server.Listen(80, () =>
        {
            served.Add(new TransferApp(300, 2, 1));
            return served[^1];
        }, backlog: count, config: TestNetwork.Settings);
        var clients = new List<TransferApp>();
        while (clients.Count < count)
        {
            // Within the SYN queue's bound; all stay open until the last one is.
            clients.Add(client.Connect(new TransferApp(200, 1, 2) { ClosesOutput = false }, server, 80));
            if (clients.Count % 500 == 0)
                network.RunUntil(() => clients[^1].BytesRead == 300);
        }

        network.RunUntil(() => served.Count == count && served.TrueForAll(s => s.BytesRead == 200));
        Assert.Equal(count, client.Core.ConnectionCount);
        Assert.Equal(count, clients.Select(c => c.Connection!.Flow.LocalPort).Distinct().Count());
        foreach (TransferApp app in clients)
        {
            app.Call(UserCall.Close);
        }

        network.RunUntil(() => clients.TrueForAll(c => c.IsOver) && served.TrueForAll(s => s.IsDone));
        Assert.Equal(0, client.Core.ConnectionCount + server.Core.ConnectionCount);
        Assert.Equal(count, server.Core.TimeWaitCount + client.Core.TimeWaitCount);
        network.RunFor(61);
        Assert.Equal(0, server.Core.TimeWaitCount + client.Core.TimeWaitCount);
        Assert.Equal(0, server.Core.Config.Chunks.BytesOut);
    }
}
