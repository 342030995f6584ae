using System.Net;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Primitives;

public class IpFamilyTests
{
    [Fact, Rfc("9293 §3.7.1", "MUST-15")]
    public void The_sizes_of_IPv4_are_those_of_its_RFCs()
    {
        IpFamily family = IpFamily.V4;

        Assert.Equal(default, family);
        Assert.True(family.IsV4);
        Assert.Equal(20, family.HeaderBytes);
        Assert.Equal(40, family.SegmentHeaderBytes);
        Assert.Equal(68, family.MinMtu);
        Assert.Equal(576, family.SafeMtu);
        Assert.Equal(536, family.DefaultMss.Bytes);
        Assert.Equal((byte)SegmentationOffload.TcpV4, family.SegmentationType);
    }

    [Fact, Rfc("9293 §3.7.1", "MUST-15")]
    public void The_sizes_of_IPv6_are_those_of_its_RFCs()
    {
        IpFamily family = IpFamily.V6;

        Assert.False(family.IsV4);
        Assert.Equal(40, family.HeaderBytes);
        Assert.Equal(60, family.SegmentHeaderBytes);
        Assert.Equal(1280, family.MinMtu);
        Assert.Equal(1280, family.SafeMtu);
        Assert.Equal(1220, family.DefaultMss.Bytes);
        Assert.Equal(4, family.SegmentationType); // VIRTIO_NET_HDR_GSO_TCPV6
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.2", true)]
    [InlineData("2001:db8::1", "2001:db8::2", false)]
    public void A_flow_is_of_the_family_of_its_addresses(string local, string remote, bool isV4)
    {
        var flow = new FlowKey(
            HostAddress.From(IPAddress.Parse(local)), 1, HostAddress.From(IPAddress.Parse(remote)), 2);

        Assert.Equal(isV4, flow.Family.IsV4);
    }
}
