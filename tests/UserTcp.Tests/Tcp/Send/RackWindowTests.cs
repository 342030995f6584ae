using UserTcp.Primitives;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Send;

/// <summary>How long an overtaken segment is waited for, and what a path teaches about it (RFC 8985 §6.2).</summary>
public sealed class RackWindowTests
{
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(100);
    private static readonly SeqNumber s_start = new(1000);

    [Fact, Rfc("8985 §3.3.2", "R8985-3")]
    public void Each_round_trip_with_a_duplicate_report_adds_a_quarter()
    {
        var rack = new Rack(s_start);
        Assert.Equal(s_rtt / 4, Window(rack));
        rack.OnDuplicateSack(s_start, s_start + 10_000);
        Assert.Equal(s_rtt / 2, Window(rack));
        rack.OnDuplicateSack(s_start + 5000, s_start + 15_000); // of the same round trip
        Assert.Equal(s_rtt / 2, Window(rack));
        rack.OnDuplicateSack(s_start + 10_000, s_start + 20_000);
        Assert.Equal(s_rtt * 3 / 4, Window(rack));
    }

    [Fact, Rfc("8985 §3.3.2", "R8985-3")]
    public void What_was_learned_lasts_for_sixteen_recoveries()
    {
        var rack = new Rack(s_start);
        rack.OnDuplicateSack(s_start, s_start + 10_000);
        for (int i = 0; i < 15; i++)
        {
            rack.OnRecovered();
        }

        Assert.Equal(s_rtt / 2, Window(rack));
        rack.OnRecovered();
        Assert.Equal(s_rtt / 4, Window(rack));
    }

    [Fact, Rfc("8985 §3.3.2", "R8985-4")]
    public void It_never_exceeds_the_smoothed_round_trip()
    {
        var rack = new Rack(s_start);
        for (int i = 0; i < 50; i++)
        {
            rack.OnDuplicateSack(s_start + i * 1000, s_start + (i + 1) * 1000);
        }

        Assert.Equal(s_rtt, Window(rack));
    }

    [Fact, Rfc("8985 §3.3.2", "R8985-2")]
    public void Without_a_sample_it_is_zero() =>
        Assert.Equal(TimeSpan.Zero, new Rack(s_start).ReorderWindow(TimeSpan.Zero, TimeSpan.Zero, isUrgent: false));

    /// <summary>A quarter of a round trip of a local network.</summary>
    [Fact, Rfc("8985 §4", "R8985-6")]
    public void Segments_that_left_a_microsecond_apart_are_told_apart()
    {
        var first = new Instant(TimeSpan.FromSeconds(1000).Ticks);
        Instant later = first + TimeSpan.FromMicroseconds(1);
        Assert.True(Rack.IsSentAfter(later, s_start, first, s_start + 1000));
        Assert.False(Rack.IsSentAfter(first, s_start + 1000, later, s_start));
        Assert.True(Rack.IsSentAfter(first, s_start + 1000, first, s_start)); // in one burst by number
    }

    private static TimeSpan Window(in Rack rack) => rack.ReorderWindow(s_rtt, s_rtt, isUrgent: false);
}
