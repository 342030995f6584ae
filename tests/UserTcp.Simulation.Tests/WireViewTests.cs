using UserTcp.Primitives;
using UserTcp.Testing.Swarm;
using UserTcp.Wire;

namespace UserTcp.Simulation.Tests;

/// <summary>The observer of the wire sees what it is there for. ISS is 100, IRS 1000, both windows unscaled.</summary>
public sealed class WireViewTests
{
    private readonly WireView _view = new();

    public WireViewTests()
    {
        Assert.Null(Sent(100, TcpFlags.Syn));
        Received(1000, TcpFlags.Syn | TcpFlags.Ack, ack: 101, window: 500);
        Assert.Null(Sent(101, TcpFlags.Ack, ack: 1001, window: 800));
    }

    [Fact]
    public void What_the_window_allows_may_be_sent_and_not_an_octet_more()
    {
        Assert.Null(Sent(101, TcpFlags.Ack, ack: 1001, window: 800, text: 500));
        Assert.Contains("1 octets beyond the window", Sent(102, TcpFlags.Ack, 1001, 800, text: 500)!);
    }

    [Fact]
    public void A_SYN_ACK_for_another_SYN_begins_anew_though_its_number_is_the_same()
    {
        var view = new WireView();
        foreach (uint peer in (uint[])[5000, 1000])
        {
            view.OnReceived(new TcpSegment { Seq = new(peer), Flags = TcpFlags.Syn });
            var synAck = new TcpSegment { Seq = new(100), Ack = new(peer + 1), Flags = TcpFlags.Syn | TcpFlags.Ack };
            Assert.Null(view.OnSent(synAck, mayLeaveHoles: false));
            var ack = new TcpSegment { Seq = new(101), Ack = new(peer + 1), Flags = TcpFlags.Ack };
            Assert.Null(view.OnSent(ack, mayLeaveHoles: false));
        }

        var wrong = new TcpSegment { Seq = new(101), Ack = new(1002), Flags = TcpFlags.Ack };
        Assert.Contains("did not arrive", view.OnSent(wrong, mayLeaveHoles: false)!);
    }

    [Fact]
    public void A_SYN_after_other_segments_begins_anew_though_its_number_is_the_same()
    {
        Assert.Null(Sent(100, TcpFlags.Syn));
        Received(500, TcpFlags.Syn | TcpFlags.Ack, ack: 101, window: 500);
        Assert.Null(Sent(101, TcpFlags.Ack, ack: 501, window: 800));
        Assert.Contains("did not arrive", Sent(101, TcpFlags.Ack, ack: 502, window: 800)!);
    }

    [Fact]
    public void A_probe_and_a_FIN_may_lie_one_octet_beyond()
    {
        Assert.Null(Sent(101, TcpFlags.Ack | TcpFlags.Fin, ack: 1001, window: 800, text: 500));
        Assert.Null(Sent(601, TcpFlags.Ack, ack: 1001, window: 800, text: 1));
        Assert.NotNull(Sent(601, TcpFlags.Ack, ack: 1001, window: 800, text: 2));
    }

    [Fact]
    public void An_older_window_takes_nothing_back()
    {
        Received(1001, TcpFlags.Ack, ack: 101, window: 10);
        Assert.Null(Sent(101, TcpFlags.Ack, ack: 1001, window: 800, text: 500));
    }

    [Fact]
    public void The_right_edge_may_stay_and_not_go_back()
    {
        Received(1001, TcpFlags.Ack, ack: 101, window: 500, text: 300);
        Assert.Null(Sent(101, TcpFlags.Ack, ack: 1301, window: 500));
        Assert.Contains("went back by 1", Sent(101, TcpFlags.Ack, ack: 1301, window: 499)!);
    }

    [Fact]
    public void Behind_the_end_of_the_stream_no_window_is_needed()
    {
        Received(1001, TcpFlags.Ack | TcpFlags.Fin, ack: 101, window: 500);
        Assert.Null(Sent(101, TcpFlags.Ack, ack: 1002, window: 0));
    }

    [Fact]
    public void What_did_not_arrive_is_not_acknowledged()
    {
        Received(1001, TcpFlags.Ack, ack: 101, window: 500, text: 300);
        Assert.Contains("acknowledges 1 octets that did not arrive", Sent(101, TcpFlags.Ack, ack: 1302, window: 500)!);
    }

    [Fact]
    public void An_acknowledgment_does_not_go_back()
    {
        Received(1001, TcpFlags.Ack, ack: 101, window: 500, text: 300);
        Assert.Null(Sent(101, TcpFlags.Ack, ack: 1301, window: 500));
        Assert.Contains("RCV.NXT went back by 300", Sent(101, TcpFlags.Ack, ack: 1001, window: 800)!);
    }

    [Fact]
    public void New_text_follows_the_old()
    {
        Assert.Null(Sent(101, TcpFlags.Ack, ack: 1001, window: 800, text: 100));
        Assert.Contains("a hole of 1 octets", Sent(202, TcpFlags.Ack, ack: 1001, window: 800, text: 100)!);
    }

    private static TcpSegment Segment(uint seq, TcpFlags flags, uint ack, int window, int text) => new()
    {
        Seq = new SeqNumber(seq),
        Ack = new SeqNumber(ack),
        Flags = flags,
        Window = new WireWindow((ushort)window),
        Text = new byte[text],
    };

    private string? Sent(uint seq, TcpFlags flags, uint ack = 0, int window = 0, int text = 0) =>
        _view.OnSent(Segment(seq, flags, ack, window, text), mayLeaveHoles: false);

    private void Received(uint seq, TcpFlags flags, uint ack, int window, int text = 0) =>
        _view.OnReceived(Segment(seq, flags, ack, window, text));
}
