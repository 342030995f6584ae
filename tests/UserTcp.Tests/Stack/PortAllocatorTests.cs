using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Tests.Stack;

public class PortAllocatorTests
{
    private static readonly HostAddress s_local = HostAddress.FromV4(0x0a000001);
    private static readonly HostAddress s_remote = HostAddress.FromV4(0x0a000002);

    private readonly struct Taken(HashSet<ushort> ports) : IPortUse
    {
        public PortState Of(ushort port) => ports.Contains(port) ? PortState.Taken : PortState.Free;
    }

    private static FlowKey To(ushort remotePort, ushort localPort = 0) => new(s_local, localPort, s_remote, remotePort);

    private static PortAllocator Make(ulong secret = 7, ushort first = 32768, ushort last = 65535) =>
        new(new SipHash(secret, 8), first, last);

    private static ushort Pick(PortAllocator ports, ushort remotePort = 80, HashSet<ushort>? taken = null)
    {
        Assert.True(ports.TryPick(To(remotePort), false, new Taken(taken ?? []), out ushort port));
        return port;
    }

    [Fact]
    public void Gives_every_port_of_the_range_once_before_any_twice()
    {
        PortAllocator ports = Make();
        var seen = new HashSet<ushort>();
        for (int i = 0; i < 32768; i++)
        {
            ushort port = Pick(ports);
            Assert.InRange(port, 32768, 65535);
            Assert.True(seen.Add(port));
        }
    }

    [Fact]
    public void Skips_ports_in_use()
    {
        PortAllocator ports = Make(first: 40_000, last: 40_009);
        HashSet<ushort> taken = [.. Enumerable.Range(40_000, 10).Where(p => p != 40_006).Select(p => (ushort)p)];
        Assert.Equal(40_006, Pick(ports, taken: taken));
        Assert.Equal(40_006, Pick(ports, taken: taken));
    }

    [Fact]
    public void Reports_that_no_port_is_left()
    {
        PortAllocator ports = Make(first: 40_000, last: 40_009);
        HashSet<ushort> taken = [.. Enumerable.Range(40_000, 10).Select(p => (ushort)p)];
        Assert.False(ports.TryPick(To(80), false, new Taken(taken), out ushort port));
        Assert.Equal(0, port);
    }

    [Fact]
    public void The_starting_point_depends_on_destination_and_secret()
    {
        HashSet<ushort> starts = [Pick(Make()), Pick(Make(), 81), Pick(Make(), 82), Pick(Make(9)), Pick(Make(10))];
        Assert.Equal(5, starts.Count);
        Assert.Equal(Pick(Make()), Pick(Make()));
    }
}
