using UserTcp.Primitives;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Send;

/// <summary>The search for the largest segment of a path that says nothing (RFC 4821, RFC 8899).</summary>
public class PathMtuSearchTests
{
    private static readonly Instant s_now = new(TimeSpan.FromHours(1).Ticks);

    private static PathMtuSearch Search(int ceiling = 1460) => new(new Mss(ceiling), IpFamily.V4);

    /// <summary>After the timeouts that a smaller size followed, and the ACK that it brought.</summary>
    private static PathMtuSearch Found(int ceiling = 1460)
    {
        PathMtuSearch search = Search(ceiling);
        Assert.False(search.OnTimeout(1, ceiling));
        Assert.True(search.OnTimeout(2, ceiling));
        Assert.True(search.OnProgress(s_now));
        return search;
    }

    [Fact, Rfc("4821 §7.7", "R4821-15", "R4821-16"), Rfc("8899 §5.1.2", "R8899-10")]
    [Rfc("8899 §4.3", "R8899-8")]
    [Rfc("4821 §7.2", "R4821-23")]
    public void The_second_timeout_in_a_row_brings_the_base_size_and_the_fourth_the_least()
    {
        PathMtuSearch search = Search();
        Assert.False(search.OnTimeout(1, 1460));
        Assert.Equal(1460, search.Size);
        Assert.True(search.OnTimeout(2, 1460));
        Assert.Equal(1160, search.Size);
        Assert.False(search.OnTimeout(3, 1160));
        Assert.True(search.OnTimeout(4, 1160));
        Assert.Equal(536, search.Size);
    }

    [Fact, Rfc("8899 §5.1.2")]
    public void IPv6_has_no_size_below_its_smallest_MTU()
    {
        var search = new PathMtuSearch(new Mss(1440), IpFamily.V6);
        Assert.True(search.OnTimeout(2, 1440));
        Assert.Equal(1220, search.Size);
        Assert.True(search.OnTimeout(4, 1220));
        Assert.Equal(1440, search.Size); // given up: the peer is away
    }

    [Fact, Rfc("4821 §7.7")]
    public void When_nothing_helps_the_size_is_restored_and_left_alone_until_the_peer_is_back()
    {
        PathMtuSearch search = Search();
        search.OnTimeout(2, 1460);
        search.OnTimeout(4, 1160);
        Assert.True(search.OnTimeout(6, 536));
        Assert.Equal(1460, search.Size);
        for (int timeouts = 7; timeouts < 16; timeouts++)
        {
            Assert.False(search.OnTimeout(timeouts, 1460));
        }

        Assert.False(search.OnProgress(s_now)); // an outage is no news of the path
        Assert.False(TryNext(ref search, s_now, out _));
        Assert.True(search.OnTimeout(2, 1460)); // another day, another doubt
    }

    [Theory]
    [InlineData(1460, 300)]  // small segments are lost on any path
    [InlineData(536, 536)]
    public void Timeouts_of_small_segments_say_nothing_of_the_size(int ceiling, int bytes)
    {
        PathMtuSearch search = Search(ceiling);
        for (int timeouts = 1; timeouts < 16; timeouts++)
        {
            Assert.False(search.OnTimeout(timeouts, bytes));
        }

        Assert.Equal(ceiling, search.Size);
    }

    [Fact]
    public void Progress_without_a_doubt_is_no_news()
    {
        PathMtuSearch search = Search();
        search.OnTimeout(1, 1460);
        Assert.False(search.OnProgress(s_now));
        Assert.False(TryNext(ref search, s_now, out _));
    }

    [Fact, Rfc("4821 §7.6.1")]
    [Rfc("4821 §7.1", "R4821-9")]
    [Rfc("8899 §5.3.2", "R8899-11")]
    [Rfc("4821 §7.2", "R4821-23")]
    public void The_first_probe_is_as_large_as_can_be_and_its_success_ends_the_search()
    {
        PathMtuSearch search = Found();
        Assert.True(TryNext(ref search, s_now, out int size));
        Assert.Equal(1460, size);
        search.OnProbeSent(size);
        Assert.False(TryNext(ref search, s_now, out _)); // one at a time (§7.4)
        search.OnProbeAcknowledged(s_now);
        Assert.Equal(1460, search.Size);
        Assert.False(TryNext(ref search, s_now + TimeSpan.FromDays(1), out _));
    }

    [Theory, Rfc("4821 §7.3", "R4821-11", "R4821-12")]
    [InlineData(1500, 1460)]
    [InlineData(1492, 1452)] // PPPoE
    [InlineData(1420, 1380)] // WireGuard
    [InlineData(1399, 1320)]
    [InlineData(1280, 1240)]
    [InlineData(1200, 1160)]
    [InlineData(1199, 966)]
    [InlineData(600, 536)]
    [Rfc("8899 §5.1.1", "R8899-9")]
    [Rfc("8899 §5.3.2", "R8899-11")]
    public void The_search_ends_at_the_largest_common_size_that_the_path_carries(int mtu, int expected)
    {
        PathMtuSearch search = Descended(1460, mtu);
        int probes = Climb(ref search, mtu, s_now);
        Assert.Equal(expected, search.Size);
        Assert.InRange(probes, 1, 8);
        Assert.False(TryNext(ref search, s_now + PathMtuSearch.RaiseInterval - TimeSpan.FromSeconds(1), out _));
        Assert.Equal(mtu < 1500, TryNext(ref search, s_now + PathMtuSearch.RaiseInterval, out int again));
        Assert.Equal(mtu < 1500 ? 1460 : 0, again); // the path may have changed
    }

    /// <summary>Every path of a range is searched: what is found are the sizes that are probed.</summary>
    [Fact, Rfc("8899 §5.3.2", "R8899-11")]
    public void Sizes_of_common_links_are_probed_and_no_others()
    {
        const int Least = 576, Largest = 20_000;
        var found = new SortedSet<int>();
        for (int mtu = Least; mtu <= Largest; mtu++)
        {
            PathMtuSearch search = Descended(Largest - 40, mtu);
            Climb(ref search, mtu, s_now, Largest - 40);
            found.Add(search.Size + 40);
        }

        Assert.Equal(
            [
                Least, 1006, 1200, 1280, 1360, 1400, 1420, 1440, 1450, 1460, 1472, 1480, 1492, 1500, 2002, 4352, 8166,
                9000, 16_384, Largest,
            ],
            found);
    }

    /// <summary>After timeouts down to a size that the path carries, and the ACK that it brought.</summary>
    private static PathMtuSearch Descended(int ceiling, int mtu)
    {
        PathMtuSearch search = Search(ceiling);
        int timeouts = 0;
        do
        {
            search.OnTimeout(++timeouts, search.Size);
        }
        while (timeouts < PathMtuSearch.TimeoutsToDoubt || search.Size + 40 > mtu);

        Assert.True(search.OnProgress(s_now));
        return search;
    }

    private static int Climb(ref PathMtuSearch search, int mtu, Instant now, int limit = 1460)
    {
        int probes = 0;
        while (TryNext(ref search, now, out int size, limit))
        {
            probes++;
            search.OnProbeSent(size);
            if (size + 40 <= mtu)
                search.OnProbeAcknowledged(now);
            else
                search.OnProbeLost(now);
            Assert.True(probes < 50, "probes without end");
        }

        return probes;
    }

    [Fact, Rfc("4821 §7.6.2")]
    [Rfc("4821 §4", "R4821-3")]
    public void After_a_lost_probe_the_next_waits_and_is_smaller()
    {
        PathMtuSearch search = Found();
        search.OnProbeSent(1460);
        search.OnProbeLost(s_now + TimeSpan.FromSeconds(9));
        Assert.Equal(1160, search.Size);
        Assert.False(TryNext(ref search, s_now + TimeSpan.FromSeconds(8), out _));
        Assert.True(TryNext(ref search, s_now + TimeSpan.FromSeconds(9), out int size));
        Assert.InRange(size, 1161, 1459);
    }

    [Fact, Rfc("4821 §7.6.4", "R4821-14")]
    public void An_inconclusive_probe_is_repeated()
    {
        PathMtuSearch search = Found();
        search.OnProbeSent(1460);
        search.OnProbeInconclusive(s_now + TimeSpan.FromSeconds(1));
        Assert.True(TryNext(ref search, s_now + TimeSpan.FromSeconds(1), out int size));
        Assert.Equal(1460, size);
    }

    [Fact]
    [Rfc("4821 §7.1", "R4821-9")]
    public void Nothing_is_probed_that_the_peer_does_not_take()
    {
        PathMtuSearch search = Found();
        Assert.True(search.TryNextProbe(1300, s_now, out int size, out _));
        Assert.Equal(1300, size);
        Assert.False(search.TryNextProbe(1160, s_now, out _, out _));
    }

    [Fact]
    [Rfc("8899 §3", "R8899-5", "R8899-6")]
    public void What_a_router_says_is_the_ceiling_of_the_search_and_never_raises_what_was_found()
    {
        PathMtuSearch search = Found();
        search.OnCeiling(1360);
        Assert.Equal(1160, search.Size);
        Assert.True(TryNext(ref search, s_now, out int size));
        Assert.Equal(1360, size);
        search.OnCeiling(1000);
        Assert.Equal(1000, search.Size);
        search.OnCeiling(1460); // the report was forgotten: probed, not believed
        Assert.Equal(1000, search.Size);
        Assert.True(TryNext(ref search, s_now, out size));
        Assert.Equal(1460, size);
    }

    [Fact]
    public void Without_a_doubt_what_the_link_and_routers_say_is_believed()
    {
        PathMtuSearch search = Search();
        search.OnCeiling(1000);
        Assert.Equal(1000, search.Size);
        search.OnCeiling(1460);
        Assert.Equal(1460, search.Size);
    }

    [Fact]
    [Rfc("4821 §7.8", "R4821-17")]
    public void Raised_sizes_are_doubted_again()
    {
        PathMtuSearch search = Found();
        search.OnProbeSent(1360);
        search.OnProbeAcknowledged(s_now);
        Assert.Equal(1360, search.Size);
        Assert.True(search.OnTimeout(2, 1360));
        Assert.Equal(1160, search.Size);
    }

    [Fact]
    [Rfc("4821 §7.1", "R4821-10")]
    public void A_large_segment_that_arrives_after_all_ends_the_doubt()
    {
        PathMtuSearch search = Search();
        search.OnTimeout(2, 1460);
        Assert.False(search.OnDelivered(1160));
        Assert.True(search.OnDelivered(1440));
        Assert.Equal(1440, search.Size);
        Assert.True(TryNext(ref search, s_now, out int size));
        Assert.Equal(1460, size);

        search = Found();
        Assert.True(search.OnDelivered(1460));
        Assert.Equal(1460, search.Size);
        Assert.False(search.OnDelivered(9000)); // nobody asked
    }

    [Fact]
    public void Timeouts_that_were_none_are_forgotten()
    {
        PathMtuSearch search = Search();
        search.OnTimeout(2, 1460);
        Assert.True(search.OnSpuriousTimeout());
        Assert.Equal(1460, search.Size);
        Assert.False(search.OnProgress(s_now));
        Assert.False(search.OnSpuriousTimeout());
    }

    private static bool TryNext(ref PathMtuSearch search, Instant now, out int size, int limit = 1460)
    {
        bool isDue = search.TryNextProbe(limit, now, out size, out bool isFound);
        if (isFound)
            search.OnFound(now);
        return isDue;
    }
}
