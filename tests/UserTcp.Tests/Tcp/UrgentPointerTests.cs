using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Tcp;

/// <summary>
/// The urgent pointer where super-segments are cut below TCP: each segment on the wire names the same end of the urgent
/// text (RFC 9293 §3.8.5).
/// </summary>
public sealed class UrgentPointerTests
{
    private const int Mss = 1448;
    private static readonly SeqNumber s_first = new(TcbBench.OurIss + 1);

    private static TcbBench Offloading(string synAck = "<MSS=1448>", uint window = 65_535, bool scaling = false) =>
        TcbBench.Established(
            TcbBench.Defaults(mss: Mss, gso: 64_000, scaling: scaling, sendBuffer: 1 << 20), synAck, window);

    /// <summary>The pointers that Linux sends for 6,000 urgent octets.</summary>
    [Fact]
    [Rfc("9293 §3.8.5", "MUST-30", "MUST-31", "MUST-62")]
    public void Each_segment_up_to_the_end_of_urgent_text_leaves_alone_with_its_own_pointer() => Offloading()
        .Writes(6000, urgent: true)
        .Sends("<SEQ=101><CTL=ACK,URG><LEN=1448><UP=6000><GSO=1448>")
        .Sends("<SEQ=1549><CTL=ACK,URG><LEN=1448><UP=4552><GSO=1448>")
        .Sends("<SEQ=2997><CTL=ACK,URG><LEN=1448><UP=3104><GSO=1448>")
        .Sends("<SEQ=4445><CTL=ACK,URG><LEN=1448><UP=1656><GSO=1448>")
        .Sends("<SEQ=5893><CTL=PSH,ACK,URG><LEN=208><UP=208><GSO=208>")
        .Silent();

    [Fact]
    [Rfc("9293 §3.8.5", "MUST-30", "MUST-62")]
    public void Text_behind_the_urgent_octets_leaves_in_super_segments_again() => Offloading()
        .Writes(2000, urgent: true).Writes(6000)
        .Sends("<SEQ=101><CTL=ACK,URG><LEN=1448><UP=2000>")
        .Sends("<SEQ=1549><CTL=ACK,URG><LEN=1448><UP=552>")
        .Sends("<SEQ=2997><CTL=PSH,ACK><LEN=5104><GSO=1448>");

    [Fact]
    [Rfc("9293 §3.8.5", "MUST-30", "MUST-62")]
    public void Text_of_a_super_segment_that_is_urgent_by_now_is_sent_again_segment_by_segment()
    {
        TcbBench bench = Offloading().Writes(4000).Sends("<SEQ=101><CTL=PSH,ACK><LEN=4000><GSO=1448>")
            .Calls(UserCall.SendUrgent(4000));
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK,URG><LEN=1448><UP=4000><RETX=1>")
            .Arrives("<SEQ=1001><ACK=1549><CTL=ACK>");
        bench.Sends("<SEQ=1549><CTL=ACK,URG><LEN=1448><UP=2552><RETX=1>")
            .Sends("<SEQ=2997><CTL=PSH,ACK,URG><LEN=1104><UP=1104><RETX=1>");
    }

    /// <summary>As Linux: the farthest pointer announces text that is still to come, and never ends early.</summary>
    [Fact]
    [Rfc("9293 §3.8.5", "MUST-31", "MUST-62")]
    public void An_end_beyond_the_field_is_announced_by_the_farthest_pointer_until_the_true_one_fits()
    {
        TcbBench bench = Offloading("<MSS=1448><WS=4>", window: 60_000, scaling: true).Writes(100_000, urgent: true);
        var pointers = new Dictionary<int, int>();
        while (bench.Send.Unacknowledged > 0)
        {
            foreach (SegmentPlan plan in bench.Drain())
            {
                Assert.True(plan.Flags.HasFlag(TcpFlags.Urg));
                pointers[plan.Seq - s_first] = plan.UrgentPointer;
            }

            bench.Arrives($"<SEQ=1001><ACK={bench.LastSeqEnd.Value}><CTL=ACK>");
        }

        Assert.Equal(70, pointers.Count);
        Assert.All(pointers, one => Assert.Equal(Math.Min(65_535, 100_000 - one.Key), one.Value));
    }

    /// <summary>
    /// Writes, acknowledgments, timeouts and probes at random: whatever leaves, and however it is cut, each segment
    /// names the end of the urgent text.
    /// </summary>
    [Fact]
    [Rfc("9293 §3.8.5", "MUST-30", "MUST-62")]
    public void Every_segment_of_random_traffic_names_the_end_of_the_urgent_text()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            new RandomTraffic(seed).Run(60);
        }
    }

    private sealed class RandomTraffic(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly TcbBench _bench = Offloading();
        private int _written;
        private int _urgentEnd;

        public void Run(int steps)
        {
            for (int step = 0; step < steps; step++)
            {
                Act();
                foreach (SegmentPlan plan in _bench.Drain())
                {
                    Check(plan);
                }
            }
        }

        private void Act()
        {
            switch (_random.Next(5))
            {
                case 0:
                case 1:
                    Write(isUrgent: _random.Next(2) == 0);
                    break;
                case 2:
                    int outstanding = _bench.LastSeqEnd - s_first - (int)_bench.Send.Start;
                    uint ack = _bench.LastSeqEnd.Value - (uint)_random.Next(outstanding + 1);
                    _bench.Arrives($"<SEQ=1001><ACK={ack}><CTL=ACK>");
                    break;
                case 3 when !_bench.Tcb.NextDeadline.IsNever && _bench.Report.Counters.Timeouts < 8:
                    _bench.ToDeadline();
                    break;
                default:
                    _bench.AfterMs(_random.Next(20));
                    break;
            }
        }

        private void Write(bool isUrgent)
        {
            int count = _random.Next(1, 9000);
            if (_written + count - _bench.Send.Start > 50_000)
                return; // every end can be named

            _written += count;
            _urgentEnd = isUrgent ? _written : _urgentEnd;
            _bench.Writes(count, isUrgent);
        }

        private void Check(in SegmentPlan plan)
        {
            int size = Math.Max(1, plan.SegmentSize);
            for (int offset = 0; offset < plan.PayloadLength; offset += size)
            {
                int ahead = _urgentEnd - (plan.Seq - s_first) - offset;
                int named = plan.Flags.HasFlag(TcpFlags.Urg) ? plan.UrgentPointer : 0;
                Assert.True(named == Math.Max(0, ahead), $"seed {seed}: octet {_urgentEnd - ahead} names {named}");
            }
        }
    }
}
