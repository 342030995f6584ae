using UserTcp.Links;
using UserTcp.Links.Native;

namespace UserTcp.Tests.Links;

/// <summary>What can be said of packet sockets without privileges; the lab has the rest.</summary>
public sealed class PacketSocketLinkOptionsTests
{
    [Theory]
    [InlineData((64 << 10) - 1)]
    [InlineData((1 << 30) + 1)]
    public void A_buffer_out_of_range_is_refused_before_anything_is_opened(int bytes)
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(
            () => PacketSocketLink.Open("eth0", new PacketSocketLinkOptions { ReceiveBufferBytes = bytes }));
        Assert.Equal(nameof(PacketSocketLinkOptions.ReceiveBufferBytes), e.ParamName);
        e = Assert.Throws<ArgumentOutOfRangeException>(
            () => PacketSocketLink.Open("eth0", new PacketSocketLinkOptions { SendBufferBytes = bytes }));
        Assert.Equal(nameof(PacketSocketLinkOptions.SendBufferBytes), e.ParamName);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public void A_device_needs_a_name(string device) =>
        Assert.Throws<ArgumentException>(() => PacketSocketLink.Open(device));

    [Fact]
    public void Elsewhere_than_on_linux_pcap_is_the_remedy()
    {
        if (OperatingSystem.IsLinux())
        {
            Assert.True(PacketSocketLink.IsSupported);
            Assert.Throws<LinkNotFoundException>(() => PacketSocketLink.Open("no-such-device"));
        }
        else
        {
            var e = Assert.Throws<PlatformNotSupportedException>(() => PacketSocketLink.Open("eth0"));
            Assert.Contains("'pcap:eth0'", e.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>What the kernel makes of the programs the lab shows; that they are whole is shown here.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_path_through_the_filter_ends_in_a_verdict(bool hasAddress)
    {
        FilterWalk walk = new(PacketFilter.Compile(hasAddress ? MacAddress.Parse("02:00:00:00:00:0a") : null));
        Assert.Equal([0u, 0x40000u], walk.Verdicts.Order());
        Assert.True(walk.IsEveryInstructionReached);
    }

    /// <summary>Follows all jumps.</summary>
    private sealed class FilterWalk
    {
        private readonly FilterInstruction[] _program;
        private readonly HashSet<int> _reached = [];

        public FilterWalk(FilterInstruction[] program)
        {
            _program = program;
            Follow(0);
        }

        public HashSet<uint> Verdicts { get; } = [];

        public bool IsEveryInstructionReached => _reached.Count == _program.Length;

        private void Follow(int at)
        {
            if (!_reached.Add(at))
                return;

            FilterInstruction here = _program[at];
            switch (here.Code & 7)
            {
                case 5: // a jump
                    Follow(at + 1 + here.IfTrue);
                    Follow(at + 1 + here.IfFalse);
                    break;
                case 6: // the end
                    Verdicts.Add(here.Value);
                    break;
                default:
                    Follow(at + 1);
                    break;
            }
        }
    }
}
