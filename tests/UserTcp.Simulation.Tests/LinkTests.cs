using UserTcp.Testing;
using UserTcp.Testing.Network;

namespace UserTcp.Simulation.Tests;

/// <summary>Bandwidth, delay, queues and marks of a link, to the tick.</summary>
public sealed class LinkTests
{
    private readonly SimulatedNetwork _network = new();
    private readonly List<(TimeSpan At, byte[] Bytes)> _arrived = [];

    [Fact]
    public void A_frame_travels_for_its_length_by_the_bandwidth_and_then_the_delay()
    {
        LinkDirection way = Way(new() { BitsPerSecond = 8_000_000, Delay = TimeSpan.FromMilliseconds(10) });
        Send(way, 1000);
        Send(way, 500);
        _network.RunFor(TimeSpan.FromSeconds(1));

        Assert.Equal([11.0, 11.5], _arrived.Select(frame => frame.At.TotalMilliseconds));
        Assert.Equal([1000, 500], _arrived.Select(frame => frame.Bytes.Length));
    }

    [Fact]
    public void What_division_leaves_over_is_not_lost()
    {
        LinkDirection way = Way(new() { BitsPerSecond = 3_000_000_000 });
        for (int i = 0; i < 3_000; i++)
        {
            Send(way, 125);
        }

        _network.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromMilliseconds(1), _arrived[^1].At);
    }

    [Fact]
    public void A_full_queue_drops_what_comes_last()
    {
        LinkDirection way = Way(new() { BitsPerSecond = 8_000_000, QueueBytes = 3_000 });
        for (int i = 0; i < 5; i++)
        {
            Send(way, 1000, (byte)i);
        }

        _network.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(2, way.Overflowed);
        Assert.Equal([0, 1, 2], _arrived.Select(frame => (int)frame.Bytes[^1]));
    }

    [Fact]
    public void Frames_stay_in_order_when_the_line_becomes_shorter()
    {
        LinkDirection way = Way(new() { Delay = TimeSpan.FromMilliseconds(10) });
        Send(way, 100, 1);
        way.Delay = TimeSpan.FromMilliseconds(1);
        Send(way, 100, 2);
        _network.RunFor(TimeSpan.FromSeconds(1));

        Assert.Equal([1, 2], _arrived.Select(frame => (int)frame.Bytes[^1]));
    }

    [Fact]
    public void A_mark_leaves_the_header_sound_and_what_is_not_capable_alone()
    {
        Frame capable = Packet(trafficClass: 2);
        Frame other = Packet(trafficClass: 0);

        Assert.True(CongestionMark.TrySet(capable));
        Assert.False(CongestionMark.TrySet(capable), "It is marked already.");
        Assert.False(CongestionMark.TrySet(other));
        Assert.True(Wire.Ipv4Header.TryParse(capable.Bytes[14..], out Wire.Ipv4Header header));
        Assert.True(header.HasValidChecksum);
        Assert.Equal(3, header.TrafficClass);
    }

    private LinkDirection Way(SimulatedLinkOptions options) =>
        new(_network, options, new SeededRandom(1)) { Receiver = Take };

    private void Take(Frame frame)
    {
        _arrived.Add((_network.Now, frame.Bytes.ToArray()));
        frame.Return();
    }

    private void Send(LinkDirection way, int length, byte last = 0)
    {
        Frame frame = _network.Frames.Rent(length);
        frame.Bytes.Fill(last);
        way.Send(frame);
    }

    private Frame Packet(byte trafficClass)
    {
        Frame frame = _network.Frames.Rent(60);
        frame.Bytes.Clear();
        Wire.EthernetHeader.Write(
            frame.Bytes, MacAddress.Broadcast, MacAddress.CreateLocal([1]), Wire.EtherType.Ipv4);
        var fields = new Wire.Ipv4Fields(
            Primitives.HostAddress.FromV4(1), Primitives.HostAddress.FromV4(2), Wire.IpProtocol.Tcp, 46);
        Wire.Ipv4Header.Write(frame.Bytes[14..], fields with { TrafficClass = trafficClass });
        return frame;
    }
}
