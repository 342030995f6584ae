using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Stack;

/// <summary>Two stacks over a link that swallows long frames and says nothing (RFC 4821).</summary>
public class BlackHoleStackTests
{
    private const int Mtu = 1400;

    private static WireRule Swallows(int mtu) => (_, frame) => frame.Length > 14 + mtu ? null : frame;

    [Fact, Rfc("4821 §7.7", "R4821-15"), Rfc("4821 §5.2", "R4821-7")]
    public void A_transfer_ends_and_the_next_connection_knows_what_the_path_carries()
    {
        using var network = new TestNetwork { Rule = Swallows(Mtu) };
        TestHost client = network.Add(1), server = network.Add(2);
        TransferApp? accepted = null;
        server.Listen(80, () => accepted = new TransferApp(0, 2, 1));
        TransferApp first = client.Connect(new TransferApp(2_000_000, 1, 2), server, 80);
        network.RunUntil(() => accepted is { IsDone: true } && first.IsDone, seconds: 30);
        Assert.Equal(2_000_000, accepted!.BytesRead);
        TcbReport report = first.Connection!.Tcb.Describe(network.Now);
        Assert.Equal(Mtu, report.PathMtu);
        Assert.Equal(1348, report.SendSegmentSize);

        long resent = client.Counters.SegmentsResent;
        accepted = null;
        TransferApp second = client.Connect(new TransferApp(500_000, 1, 2), server, 80);
        network.RunUntil(() => accepted is { IsDone: true } && second.IsDone, seconds: 5);
        Assert.Equal(Mtu, second.Connection!.Tcb.Describe(network.Now).PathMtu);
        Assert.Equal(resent, client.Counters.SegmentsResent);
    }

    [Fact]
    public void A_host_that_was_away_leaves_nothing_behind()
    {
        using var network = new TestNetwork();
        bool isAway = false;
        network.Rule = (_, frame) => isAway && frame[12] == 8 && frame[13] == 0 ? null : frame;
        TestHost client = network.Add(1), server = network.Add(2);
        TransferApp? accepted = null;
        server.Listen(80, () => accepted = new TransferApp(0, 2, 1));
        TransferApp app = client.Connect(new TransferApp(20_000_000, 1, 2), server, 80);
        network.RunUntil(() => accepted is { BytesRead: > 1_000_000 });
        isAway = true;
        network.RunFor(20);
        isAway = false;
        network.RunUntil(() => accepted!.IsDone && app.IsDone);
        Assert.Equal(20_000_000, accepted!.BytesRead);
        Assert.Equal(1500, app.Connection!.Tcb.Describe(network.Now).PathMtu);
    }

    [Fact]
    public void What_made_the_sender_doubt_and_was_no_black_hole_is_forgotten_by_the_first_probe()
    {
        using var network = new TestNetwork();
        bool isAway = false;
        network.Rule = (_, frame) => isAway && frame.Length > 200 ? null : frame;
        TestHost client = network.Add(1), server = network.Add(2);
        TransferApp? accepted = null;
        server.Listen(80, () => accepted = new TransferApp(0, 2, 1));
        TransferApp app = client.Connect(new TransferApp(20_000_000, 1, 2), server, 80);
        network.RunUntil(() => accepted is { BytesRead: > 1_000_000 });
        isAway = true;
        network.RunUntil(() => app.Connection!.Tcb.Describe(network.Now).PathMtu == 1200);
        isAway = false;
        network.RunUntil(() => app.Connection!.Tcb.Describe(network.Now).PathMtu == 1500, seconds: 5);
        network.RunUntil(() => accepted!.IsDone && app.IsDone);
        TransferApp next = client.Connect(new TransferApp(1000, 1, 2), server, 80);
        network.RunUntil(() => next.Seen.HasFlag(Effects.Connected));
        Assert.Equal(1500, next.Connection!.Tcb.Describe(network.Now).PathMtu);
    }
}
