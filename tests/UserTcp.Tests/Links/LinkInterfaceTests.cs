using System.Net.NetworkInformation;
using UserTcp.Links;

namespace UserTcp.Tests.Links;

/// <summary>What the system says of its interfaces.</summary>
public sealed class LinkInterfaceTests
{
    [Fact]
    public void The_list_has_every_interface_with_its_MTU()
    {
        IReadOnlyList<LinkInterface> all = LinkDevice.List();

        Assert.Equal(
            NetworkInterface.GetAllNetworkInterfaces().Select(one => one.Name).Order(),
            all.Select(one => one.Name).Order());
        Assert.All(all, one => Assert.True(one.Mtu > 0, one.Name));
        Assert.All(all, one => Assert.Equal(LinkInterface.Find(one.Name), one));
    }

    [Fact]
    public void What_is_not_there_is_not_found()
    {
        Assert.Null(LinkInterface.Find("nothere0"));
        Assert.Null(LinkInterface.Find("a name too long to be one of an interface"));
        Assert.Throws<ArgumentException>(() => LinkInterface.Find(""));
    }
}
