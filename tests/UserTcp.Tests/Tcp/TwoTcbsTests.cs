using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>
/// Two machines against each other over seeded faults: every octet arrives, and both end in good order.
/// </summary>
public sealed class TwoTcbsTests
{
    private static TcpConfig Config(Random random) => TcbBench.Defaults(
        sack: random.Next(3) > 0,
        timestamps: random.Next(2) == 0,
        scaling: random.Next(3) > 0,
        receiveBuffer: random.Next(4) switch { 0 => 3000, 1 => 65_535, 2 => 20_000, _ => 1 << 20 },
        sendBuffer: random.Next(2) == 0 ? 1 << 20 : 30_000,
        noDelay: random.Next(2) == 0,
        mss: random.Next(3) switch { 0 => 536, 1 => 1460, _ => 1000 },
        gso: random.Next(2) == 0 ? 0 : 64_240);

    private static void RunSeed(int seed)
    {
        var random = new Random(seed);
        var faults = new WireFaults(
            Loss: random.Next(3) switch { 0 => 0, 1 => 0.02, _ => 0.1 },
            Duplicate: random.Next(2) == 0 ? 0 : 0.05,
            Reorder: random.Next(2) == 0 ? 0 : 0.1,
            DelayMs: random.Next(1, 40),
            JitterMs: random.Next(2) == 0 ? 0 : 10);
        long left = random.Next(2) == 0 ? 0 : random.Next(1, 400_000);
        long right = random.Next(3) == 0 ? 0 : random.Next(1, 400_000);
        var pair = new TcbPair(seed, faults, Config(random), Config(random), left, right);
        pair.Run(simultaneous: random.Next(4) == 0, TimeSpan.FromHours(2));

        Assert.Equal(right, pair.Left.BytesRead);
        Assert.Equal(left, pair.Right.BytesRead);
        Assert.Equal(UserTcpCloseReason.Graceful, pair.Left.Tcb!.CloseReason);
        Assert.Equal(UserTcpCloseReason.Graceful, pair.Right.Tcb!.CloseReason);
    }

    [Fact]
    public void Every_octet_arrives_whatever_the_wire_does()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            try
            {
                RunSeed(seed);
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed}: {exception}");
            }
        }
    }

    /// <summary>Both streams pass 2^32 while text is in flight, out of order, lost and sent again.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1500)]
    [InlineData(3, 20_000)]
    [InlineData(4, 100_000)]
    [InlineData(5, 250_000)]
    [InlineData(6, 399_999)]
    public void Sequence_numbers_wrap_under_load(int seed, uint beforeWrap)
    {
        var faults = new WireFaults(Loss: 0.02, Duplicate: 0.02, Reorder: 0.1, DelayMs: 10, JitterMs: 5);
        TcpConfig config = TcbBench.Defaults(options: true, receiveBuffer: 1 << 20, mss: 1460);
        var pair = new TcbPair(seed, faults, config, config, 400_000, 400_000, beforeWrap);
        pair.Run(simultaneous: false, TimeSpan.FromHours(1));
        Assert.Equal((400_000, 400_000), (pair.Left.BytesRead, pair.Right.BytesRead));
        Assert.Equal(UserTcpCloseReason.Graceful, pair.Left.Tcb!.CloseReason);
        Assert.Equal(UserTcpCloseReason.Graceful, pair.Right.Tcb!.CloseReason);
        Assert.Equal(0, pair.Pool.BytesOut);
    }

    [Fact]
    public void SlowReceiver_NeverReset()
    {
        // A receiver that is slow looks like a long round trip: 10 to 500 ms a segment.
        foreach (int delay in (int[])[10, 50, 200, 500])
        {
            var pair = new TcbPair(
                delay, new WireFaults(Loss: 0.01, DelayMs: delay), TcbBench.Defaults(), TcbBench.Defaults(sack: true),
                    0, 300_000);
            pair.Run(simultaneous: false, TimeSpan.FromHours(1));
            Assert.Equal(300_000, pair.Left.BytesRead);
            Assert.Equal(UserTcpCloseReason.Graceful, pair.Right.Tcb!.CloseReason);
        }
    }

    [Fact]
    public void Clean_wire_sees_no_retransmission()
    {
        var pair = new TcbPair(
            1, new WireFaults(DelayMs: 10), TcbBench.Defaults(options: true), TcbBench.Defaults(options: true),
                1_000_000, 1_000_000);
        pair.Run(simultaneous: false, TimeSpan.FromMinutes(10));
        Assert.Equal(0, pair.Left.Tcb!.Describe(pair.Now).Counters.Retransmits);
        Assert.Equal(0, pair.Right.Tcb!.Describe(pair.Now).Counters.Retransmits);
    }
}
