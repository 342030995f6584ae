using UserTcp.Links;

namespace UserTcp.Tests.Links;

public sealed class LinkNamesTests
{
    [Theory]
    [InlineData("pcap:")]
    [InlineData("pcap: ")]
    [InlineData("PCAP:eth0")]
    [InlineData("wire:eth0")]
    [InlineData(":eth0")]
    [InlineData("")]
    [InlineData(" ")]
    public void A_name_without_a_known_scheme_is_refused_and_the_schemes_are_named(string name)
    {
        var e = Assert.Throws<ArgumentException>(() => LinkDevice.Open(name));
        Assert.All(LinkNames.Schemes, scheme => Assert.Contains(scheme, e.Message, StringComparison.Ordinal));
        LinkAccess access = LinkDevice.CheckAccess(name);
        Assert.Equal((LinkProblem.UnknownName, false), (access.Problem, access.IsGranted));
        Assert.StartsWith(access.ToString(), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_schemes_are_known() => Assert.Equal(["packet", "pcap", "tap", "tun", "virtual"], LinkNames.Schemes);

    [Fact]
    public void A_missing_device_has_a_reason_and_no_exception()
    {
        LinkAccess access = LinkDevice.CheckAccess("no-such-device");
        LinkProblem expected = PacketSocketLink.IsSupported || PcapLink.IsSupported
            ? LinkProblem.MissingDevice
            : LinkProblem.MissingLibrary;
        Assert.Equal(expected, access.Problem);
        Assert.NotEmpty(access.Reason);
        Assert.NotEmpty(access.Remedy);
        Assert.Equal($"{access.Reason} {access.Remedy}", access.ToString());
    }

    [Fact]
    public void Virtual_links_of_one_name_are_the_two_ends_of_a_pair()
    {
        Assert.Equal("virtual:twins can be opened.", LinkDevice.CheckAccess("virtual:twins").ToString());
        using LinkDevice first = LinkDevice.Open("virtual:twins");
        using LinkDevice stranger = LinkDevice.Open("virtual:stranger");
        using LinkDevice second = LinkDevice.Open("virtual:twins");
        first.Transmit(new FrameList().Add(new byte[60]).ToArray());

        using var batch = new RxBatch();
        Assert.Equal(0, stranger.Receive(batch));
        Assert.Equal(1, second.Receive(batch));
        Assert.Equal(["virtual:twins.a", "virtual:twins.b"], [first.Info.Name, second.Info.Name]);
    }

    [Fact]
    public void A_virtual_name_is_free_again_when_both_ends_are_taken_or_one_is_closed()
    {
        LinkDevice abandoned = LinkDevice.Open("virtual:again");
        abandoned.Dispose();
        using LinkDevice first = LinkDevice.Open("virtual:again");
        using LinkDevice second = LinkDevice.Open("virtual:again");
        using LinkDevice third = LinkDevice.Open("virtual:again");

        Assert.Equal(
            ["virtual:again.a", "virtual:again.b", "virtual:again.a"],
            [first.Info.Name, second.Info.Name, third.Info.Name]);
    }
}
