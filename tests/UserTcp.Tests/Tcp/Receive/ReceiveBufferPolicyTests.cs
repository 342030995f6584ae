using UserTcp.Primitives;
using UserTcp.Tcp.Receive;

namespace UserTcp.Tests.Tcp.Receive;

public sealed class ReceiveBufferPolicyTests
{
    private const int KiB = 1024;

    [Theory]
    [InlineData(64, 0, 0, 64)] // nobody reads: nothing grows
    [InlineData(64, 10, 0, 64)] // it serves already
    [InlineData(64, 100, 100, 216)] // steady: twice, and 16 segments
    [InlineData(64, 100, 50, 416)] // doubled: four times
    [InlineData(64, 100, 75, 316)] // grew by a third: in between
    [InlineData(64, 100, 0, 416)] // a first round counts as doubled
    [InlineData(1000, 100, 50, 1000)] // what was promised stays
    [InlineData(64, 5000, 4000, 8192)] // the cap
    [InlineData(8192, 5000, 4000, 8192)]
    public void Grows_with_what_the_application_takes(int capacity, int delivered, int lastRound, int expected) =>
        Assert.Equal(expected * KiB, ReceiveBufferPolicy.Next(new ReceiveBufferFacts(
            capacity * KiB, 8192 * KiB, delivered * KiB, lastRound * KiB, SegmentSize: KiB)));

    [Fact]
    public void Does_not_grow_under_pressure() => Assert.Equal(64, ReceiveBufferPolicy.Next(
        new ReceiveBufferFacts(64, 8192, 5000, 0, 10, IsUnderPressure: true)));

    [Fact]
    public void Round_trip_takes_shorter_echoes_at_once_and_longer_ones_slowly()
    {
        var tuning = default(ReceiveTuning);
        tuning.SeedRoundTrip(TimeSpan.FromMilliseconds(300));
        tuning.OnEcho(1, TimeSpan.FromMilliseconds(100));
        Assert.Equal(TimeSpan.FromMilliseconds(100), tuning.RoundTrip);
        tuning.OnEcho(2, TimeSpan.FromMilliseconds(180)); // the peer had a pause
        Assert.Equal(TimeSpan.FromMilliseconds(110), tuning.RoundTrip);
        tuning.OnEcho(2, TimeSpan.FromMilliseconds(5)); // the same echo, once more
        Assert.Equal(TimeSpan.FromMilliseconds(110), tuning.RoundTrip);
        tuning.OnEcho(3, TimeSpan.Zero); // below the clock of timestamps
        Assert.Equal(TimeSpan.FromMilliseconds(1), tuning.RoundTrip);
        tuning.SeedRoundTrip(TimeSpan.FromMilliseconds(300));
        Assert.Equal(TimeSpan.FromMilliseconds(1), tuning.RoundTrip);
    }

    [Fact]
    public void Round_trip_without_timestamps_is_the_time_to_receive_a_window()
    {
        var tuning = default(ReceiveTuning);
        var start = new Instant(TimeSpan.TicksPerDay);
        tuning.OnText(new SeqNumber(1000), new SeqNumber(5000), start);
        tuning.OnText(new SeqNumber(4999), new SeqNumber(9000), start + TimeSpan.FromMilliseconds(60));
        Assert.Equal(TimeSpan.Zero, tuning.RoundTrip);
        tuning.OnText(new SeqNumber(5000), new SeqNumber(9000), start + TimeSpan.FromMilliseconds(80));
        Assert.Equal(TimeSpan.FromMilliseconds(80), tuning.RoundTrip);
        tuning.OnText(new SeqNumber(9000), new SeqNumber(13_000), start + TimeSpan.FromMilliseconds(180));
        Assert.Equal(TimeSpan.FromMilliseconds(80), tuning.RoundTrip);
        tuning.OnText(new SeqNumber(13_000), new SeqNumber(17_000), start + TimeSpan.FromMilliseconds(230));
        Assert.Equal(TimeSpan.FromMilliseconds(50), tuning.RoundTrip);
    }

    /// <summary>A peer in slow start, on a long path and a short one: its window doubles in each round trip.</summary>
    [Theory]
    [InlineData(100, 10)]
    [InlineData(100, 1)]
    [InlineData(10, 40)]
    [InlineData(2, 44)]
    public void A_sender_in_slow_start_never_meets_the_window(int roundTripMs, int segmentsPerRead)
    {
        const int Segment = 1448;
        const long Limit = 8 << 20;
        var tuning = default(ReceiveTuning);
        TimeSpan roundTrip = TimeSpan.FromMilliseconds(roundTripMs);
        tuning.SeedRoundTrip(roundTrip);
        long capacity = 64 << 10;
        long read = 0;
        var now = new Instant(TimeSpan.TicksPerDay);
        for (long window = 10 * Segment; window < Limit; window *= 2)
        {
            // What is in flight grows by each segment that is acknowledged, while the round is read.
            for (long taken = 0; taken < window; taken += segmentsPerRead * Segment)
            {
                long part = Math.Min(segmentsPerRead * Segment, window - taken);
                read += part;
                Instant readAt = now + roundTrip * (taken / (double)window);
                capacity = tuning.OnDelivered(read, new ReceiveBufferFacts(capacity, Limit, 0, 0, Segment), readAt);
                Assert.True(capacity >= Math.Min(Limit, window + taken + part), $"{capacity} at {window} + {taken}");
            }

            now += roundTrip;
        }
    }
}
