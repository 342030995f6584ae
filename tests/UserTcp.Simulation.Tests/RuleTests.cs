using UserTcp.Testing;
using UserTcp.Testing.Network;
using UserTcp.Testing.Rules;
using UserTcp.Wire;

namespace UserTcp.Simulation.Tests;

/// <summary>Each rule by what it does to a thousand numbered frames.</summary>
public sealed class RuleTests
{
    private const int Count = 1000;
    private readonly SimulatedNetwork _network = new();
    private readonly List<(TimeSpan At, int Number, int Length)> _arrived = [];

    [Fact]
    public void Random_loss_takes_about_its_share() =>
        Assert.InRange(Run(new RandomLoss(0.1)).Count, Count - 130, Count - 70);

    [Fact]
    public void Bursts_lose_frames_that_follow_each_other()
    {
        List<int> arrived = Run(new BurstLoss(beginning: 0.01, ending: 0.2)).ConvertAll(frame => frame.Number);
        int bursts = arrived.Zip(arrived.Skip(1)).Count(pair => pair.Second > pair.First + 1);
        int lost = Count - arrived.Count;
        Assert.InRange(lost, 10, 150);
        Assert.InRange((double)lost / bursts, 2, 12);
    }

    [Fact]
    public void Every_nth_is_lost_and_no_other() =>
        Assert.Equal(Numbers().Where(n => (n + 1) % 7 != 0), Run(new PeriodicLoss(7)).Select(frame => frame.Number));

    [Fact]
    public void Given_frames_are_lost_as_often_as_was_asked() => Assert.Equal(
        Numbers().Where(n => n is not (4 or 9)),
        Run(new ChosenLoss((_, n) => n % 5 == 0, limit: 2)).Select(frame => frame.Number));

    [Fact]
    public void A_cut_loses_all() => Assert.Empty(Run(new Cut()));

    [Fact]
    public void A_rule_for_some_time_acts_then_and_only_then()
    {
        var rule = new Timed(new Cut(), TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(20));
        Assert.Equal(Numbers().Where(n => n is < 10 or >= 20), Run(rule).Select(frame => frame.Number));
    }

    [Fact]
    public void Jitter_in_order_delays_and_does_not_reorder()
    {
        Run(new Jitter(TimeSpan.Zero, TimeSpan.FromMilliseconds(50)));
        Assert.Equal(Numbers(), _arrived.Select(frame => frame.Number));
        Assert.Contains(_arrived, frame => frame.At > TimeSpan.FromMilliseconds(frame.Number + 20));
    }

    [Fact]
    public void Jitter_without_order_and_reordering_let_frames_overtake_each_other()
    {
        Run(new Jitter(TimeSpan.Zero, TimeSpan.FromMilliseconds(50), keepsOrder: false));
        Assert.NotEqual(Numbers(), _arrived.Select(frame => frame.Number));
        Assert.Equal(Numbers(), _arrived.Select(frame => frame.Number).Order());

        _arrived.Clear();
        Run(new Reordering(0.1, TimeSpan.FromMilliseconds(5)));
        int late = _arrived.Zip(_arrived.Skip(1)).Count(pair => pair.Second.Number < pair.First.Number);
        Assert.InRange(late, 30, 130);
    }

    [Fact]
    public void Duplicates_come_besides_the_frame() => Assert.InRange(Run(new Duplication(0.2)).Count, 1150, 1250);

    [Fact]
    public void Rules_add_up_until_one_drops()
    {
        LinkDirection way = Way();
        way.Add(new Jitter(TimeSpan.FromMilliseconds(3), TimeSpan.FromMilliseconds(3)));
        way.Add(new PeriodicLoss(2));
        way.Add(new Jitter(TimeSpan.FromMilliseconds(4), TimeSpan.FromMilliseconds(4)));
        SendAll(way);

        Assert.Equal(Count / 2, _arrived.Count);
        Assert.All(_arrived, frame => Assert.Equal(frame.Number + 7, frame.At.TotalMilliseconds));
    }

    [Fact]
    public void A_black_hole_swallows_what_is_too_long()
    {
        LinkDirection way = Way();
        way.Add(new BlackHole(1000));
        Send(way, 1, 1014);
        Send(way, 2, 1015);
        _network.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal([1], _arrived.Select(frame => frame.Number));
    }

    [Fact]
    public void A_rule_that_is_taken_away_acts_no_more()
    {
        LinkDirection way = Way();
        var rule = new Cut();
        way.Add(rule);
        Send(way, 1, 100);
        way.Remove(rule);
        Send(way, 2, 100);
        _network.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal([2], _arrived.Select(frame => frame.Number));
        Assert.Equal(1, way.Dropped);
    }

    [Fact]
    public void Kinds_of_frames_are_told_apart()
    {
        int pure = 0, data = 0, syns = 0, arps = 0;
        using var transfer = new Transfer(10_000);
        transfer.Client.Link.Add(new ChosenLoss((frame, _) =>
        {
            pure += FrameKind.IsPureAck(frame) ? 1 : 0;
            data += FrameKind.IsTcpData(frame) ? 1 : 0;
            syns += FrameKind.IsSyn(frame) ? 1 : 0;
            arps += FrameKind.IsArp(frame) ? 1 : 0;
            return false;
        }));
        transfer.RunToEnd();

        Assert.Equal(2, syns);
        Assert.InRange(data, 7, 8);
        Assert.InRange(pure, 2, 10);
        Assert.InRange(arps, 1, 4);
    }

    [Fact]
    public void Damaged_packets_are_noticed_and_sent_again()
    {
        using var transfer = new Transfer(300_000);
        transfer.Client.Link.Outgoing.Add(new Corruption(0.05));
        transfer.Client.Link.Outgoing.Add(new Truncation(0.05));
        transfer.RunToEnd();
        Assert.True(transfer.Client.Core.Count(static one => one.SegmentsResent) > 5);
    }

    [Fact]
    public void A_packet_of_which_nothing_is_left_cannot_be_damaged()
    {
        byte[] header = new byte[EthernetHeader.Size];
        EthernetHeader.Write(header, default, default, EtherType.Ipv4);
        Assert.Equal(Fate.Pass, new Corruption(1).OnFrame(header, TimeSpan.Zero, new SeededRandom(1)));
        Assert.Equal(Fate.Pass, new Truncation(1).OnFrame(header, TimeSpan.Zero, new SeededRandom(1)));
    }

    [Fact]
    public void Acknowledgements_are_released_all_at_once()
    {
        var times = new HashSet<TimeSpan>();
        using var transfer = new Transfer(100_000, link: new() { Delay = TimeSpan.FromMicroseconds(300) });
        transfer.Client.Link.Incoming.Add(new AckCompression(TimeSpan.FromMilliseconds(5)));
        transfer.Client.Link.Taps.Add(new AckTimes(times));
        transfer.RunToEnd();

        Assert.NotEmpty(times);
        Assert.All(times, time => Assert.Equal(0, (time - TimeSpan.FromMicroseconds(300)).Ticks % 50_000));
    }

    private static IEnumerable<int> Numbers() => Enumerable.Range(0, Count);

    private List<(TimeSpan At, int Number, int Length)> Run(ILinkRule rule)
    {
        LinkDirection way = Way();
        way.Add(rule);
        SendAll(way);
        return _arrived;
    }

    private LinkDirection Way() => new(_network, new SimulatedLinkOptions(), new SeededRandom(5)) { Receiver = Take };

    // One each millisecond.
    private void SendAll(LinkDirection way)
    {
        TimeSpan start = _network.Now;
        for (int i = 0; i < Count; i++)
        {
            Send(way, i, 100);
            _network.RunFor(TimeSpan.FromMilliseconds(1));
        }

        _network.RunFor(TimeSpan.FromSeconds(1));
        Assert.True(_network.Now > start);
    }

    private void Send(LinkDirection way, int number, int length)
    {
        Frame frame = _network.Frames.Rent(length);
        BitConverter.TryWriteBytes(frame.Bytes, number);
        way.Send(frame);
    }

    private void Take(Frame frame)
    {
        _arrived.Add((_network.Now, BitConverter.ToInt32(frame.Bytes), frame.Length));
        frame.Return();
    }

    private sealed class AckTimes(HashSet<TimeSpan> times) : IFrameTap
    {
        public void OnSent(ReadOnlySpan<byte> frame, Primitives.Instant now)
        {
        }

        public void OnReceived(ReadOnlySpan<byte> frame, Primitives.Instant now)
        {
            if (FrameKind.IsPureAck(frame))
                times.Add(now - SimulatedNetwork.Start);
        }

        public void Flush()
        {
        }
    }
}
