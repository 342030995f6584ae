using System.Net;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tests.Support;
using static UserTcp.Tests.Ip.Packets;

namespace UserTcp.Tests.Ip;

public class PathMtuTests
{
    private readonly PathMtu _paths = new(linkMtu: 1500);

    [Fact]
    public void Without_a_report_a_path_is_as_wide_as_the_link()
    {
        Assert.Equal(1500, _paths.Get(Far, At(0)));
        _paths.LinkMtu = 9000;
        Assert.Equal(9000, _paths.Get(Far, At(0)));
    }

    [Fact, Rfc("1191 §3")]
    [Rfc("4821 §5.2", "R4821-20")]
    public void A_report_lowers_its_own_path_only()
    {
        Assert.True(_paths.OnTooBig(Far, 1400, 1500, At(0)));

        Assert.Equal(1400, _paths.Get(Far, At(0)));
        Assert.Equal(1500, _paths.Get(Peer, At(0)));
    }

    [Fact]
    public void No_report_takes_an_IPv6_path_below_its_smallest_MTU() // RFC 8201 §4
    {
        HostAddress far = HostAddress.From(IPAddress.Parse("2001:db8::1"));

        Assert.True(_paths.OnTooBig(far, 600, 1500, At(0)));

        Assert.Equal(1280, _paths.Get(far, At(0)));
    }

    [Fact, Rfc("1191 §3")]
    [Rfc("8899 §3", "R8899-5")]
    public void No_report_raises_an_estimate()
    {
        _paths.OnTooBig(Far, 1400, 1500, At(0));

        Assert.False(_paths.OnTooBig(Far, 1400, 1500, At(1)));
        Assert.False(_paths.OnTooBig(Far, 1450, 1500, At(1)));
        Assert.False(_paths.OnTooBig(Far, 65535, 1500, At(1)));
        Assert.False(_paths.OnTooBig(Peer, 1500, 1500, At(1)));
        Assert.Equal(1400, _paths.Get(Far, At(1)));
    }

    [Fact]
    public void No_report_goes_below_the_floor()
    {
        foreach (int forged in (int[])[1, 28, 68, 296, 551])
        {
            _paths.OnTooBig(Far, forged, 1500, At(0));
            Assert.Equal(552, _paths.Get(Far, At(0)));
        }
    }

    [Theory]
    [InlineData(9000, 9000, 8166)]
    [InlineData(65535, 65535, 32000)]
    [InlineData(1500, 1500, 1492)]
    [InlineData(1500, 1492, 1006)]
    [InlineData(1500, 1006, 552)]
    [InlineData(1500, 1480, 1006)]
    [InlineData(1500, 60000, 1492)]     // a quote that claims more than we send
    [InlineData(1500, 20, 552)]
    [Rfc("1191 §7.1")]
    public void A_router_that_does_not_say_is_answered_with_the_next_plateau(int link, int quoted, int mtu)
    {
        var paths = new PathMtu(link);
        paths.OnTooBig(Far, 0, quoted, At(0));

        Assert.Equal(mtu, paths.Get(Far, At(0)));
    }

    [Fact, Rfc("1191 §6.3")]
    public void An_estimate_is_forgotten_ten_minutes_after_it_was_last_lowered()
    {
        _paths.OnTooBig(Far, 1400, 1500, At(0));
        _paths.OnTooBig(Far, 1300, 1400, At(300));
        Assert.False(_paths.TryExpire(At(600), out _));
        Assert.Equal(1300, _paths.Get(Far, At(899)));
        Assert.Equal(At(900), _paths.NextDeadline);

        Assert.True(_paths.TryExpire(At(900), out HostAddress expired));
        Assert.Equal(Far, expired);
        Assert.False(_paths.TryExpire(At(900), out _));
        Assert.Equal(1500, _paths.Get(Far, At(900)));
        Assert.True(_paths.NextDeadline.IsNever);
    }

    [Fact]
    public void A_late_expiry_does_not_prolong_an_estimate()
    {
        _paths.OnTooBig(Far, 1400, 1500, At(0));

        Assert.Equal(1500, _paths.Get(Far, At(600)));
        Assert.True(_paths.OnTooBig(Far, 1450, 1500, At(601)));
        Assert.Equal(1450, _paths.Get(Far, At(601)));
    }

    [Fact]
    public void A_narrower_link_narrows_every_path()
    {
        _paths.OnTooBig(Far, 1400, 1500, At(0));
        _paths.LinkMtu = 1280;

        Assert.Equal(1280, _paths.Get(Far, At(0)));
        Assert.False(_paths.OnTooBig(Far, 1300, 1400, At(0)));
    }

    [Fact]
    public void The_table_is_bounded_and_the_oldest_goes()
    {
        var paths = new PathMtu(1500, capacity: 16);
        for (uint i = 0; i < 1000; i++)
        {
            Assert.True(paths.OnTooBig(HostAddress.FromV4(0x0b000000 + i), 1400, 1500, At(i * 0.01)));
            Assert.InRange(paths.Count, 1, 16);
        }

        Assert.Equal(1500, paths.Get(HostAddress.FromV4(0x0b000000), At(10)));
        Assert.Equal(1400, paths.Get(HostAddress.FromV4(0x0b000000 + 999), At(10)));
        Assert.Equal(1400, paths.Get(HostAddress.FromV4(0x0b000000 + 984), At(10)));
        Assert.Equal(1500, paths.Get(HostAddress.FromV4(0x0b000000 + 983), At(10)));
    }

    [Fact]
    public void Many_small_steps_end_in_one_expiry()
    {
        var paths = new PathMtu(1500, capacity: 4);
        for (int mtu = 1499; mtu >= 552; mtu--)
        {
            Assert.True(paths.OnTooBig(Far, mtu, 1500, At((1499 - mtu) * 0.1)));
        }

        int expired = 0;
        while (paths.TryExpire(At(2000), out _))
        {
            expired++;
        }

        Assert.Equal(1, expired);
        Assert.Equal(0, paths.Count);
    }

    [Fact, Rfc("4821 §5.2", "R4821-7")]
    public void What_was_found_out_replaces_what_was_known_either_way()
    {
        var paths = new PathMtu(1500);
        paths.Learn(Peer, 1200, At(0));
        Assert.Equal(1200, paths.Get(Peer, At(1)));
        paths.Learn(Peer, 1400, At(1));
        Assert.Equal(1400, paths.Get(Peer, At(2)));
        Assert.Equal(1500, paths.Get(Own, At(2)));
        Assert.Equal(1500, paths.Get(Peer, At(601)));
        paths.Learn(Peer, 1200, At(700));
        paths.Learn(Peer, 1500, At(701));
        Assert.Equal((1500, 0), (paths.Get(Peer, At(702)), paths.Count));
        paths.Learn(Peer, 100, At(703));
        Assert.Equal(552, paths.Get(Peer, At(704)));
    }

    [Fact]
    public void What_was_found_out_is_bounded_too()
    {
        var paths = new PathMtu(1500, capacity: 2);
        paths.Learn(Peer, 1200, At(0));
        paths.Learn(Own, 1200, At(1));
        paths.Learn(Far, 1200, At(2));
        Assert.Equal((2, 1500), (paths.Count, paths.Get(Peer, At(3))));
    }

    [Fact]
    public void Whoever_believes_in_an_estimate_that_made_room_hears_of_it()
    {
        var paths = new PathMtu(1500, capacity: 2);
        paths.Learn(Peer, 1200, At(0));
        paths.OnTooBig(Own, 1200, 1500, At(1));
        Assert.False(paths.TryExpire(At(2), out _));
        paths.OnTooBig(Far, 1200, 1500, At(2));

        Assert.True(paths.NextDeadline <= At(2));
        Assert.True(paths.TryExpire(At(2), out HostAddress destination));
        Assert.Equal(Peer, destination);
        Assert.False(paths.TryExpire(At(2), out _));
        Assert.Equal(At(601), paths.NextDeadline);
    }
}
