using System.Net;
using UserTcp.Links;

namespace UserTcp.SharpPcap.Tests;

/// <summary>The example of the package's README.</summary>
internal static class SharpPcapExample
{
    public static async Task<TimeSpan> PingAsync(string device, string address, IPAddress peer)
    {
        await using UserTcpStack stack = await UserTcpStack.OpenAsync(new UserTcpStackOptions
        {
            Link = SharpPcapLink.Open(device),
            Addresses = { UserTcpAddress.Parse(address) },
        });
        return (await stack.PingAsync(peer)).RoundTripTime;
    }
}
