using System.Net;
using UserTcp.Links;
using UserTcp.Tool.Commands;
using UserTcp.Tool.Machine;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;
using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests.Machine;

public sealed class DoctorTests
{
    private static readonly NetworkSettings s_wire = new()
    {
        Link = "eth0", IsLinkGiven = true, Address = UserTcpAddress.Parse("192.168.1.50/24"),
    };

    private readonly FakeMachine _machine = new()
    {
        Devices =
        {
            new MachineInterface(
                "eth0", true, false, MacAddress.Parse("02:00:00:00:00:01"), 1500, [IPAddress.Parse("192.168.1.2")]),
        },
    };

    [Fact]
    public void On_a_good_machine_everything_is_well()
    {
        Assert.All(Examine(s_wire), finding => Assert.Equal(Severity.Ok, finding.Severity));
        Assert.Equal(0, Show(s_wire).Code);
    }

    [Theory]
    [InlineData("/opt/usertcp", "sudo setcap cap_net_raw,cap_net_admin+ep /opt/usertcp")]
    public void Without_capabilities_the_command_grants_them_to_what_was_started(string executable, string remedy)
    {
        _machine.Executable = executable;
        _machine.Files["/proc/self/status"] = "CapEff:\t0000000000000000\n";

        Finding finding = Single("privileges");
        Assert.Equal(Severity.Problem, finding.Severity);
        Assert.StartsWith(remedy, finding.Remedy, StringComparison.Ordinal);
        Assert.Equal(1, Show(s_wire).Code);
    }

    [Theory]
    [InlineData("/srv/tool/UserTcp.Tool.dll", "/srv/tool/UserTcp.Tool.dll")]
    [InlineData("/srv/my tool/it's.dll", "'/srv/my tool/it'\\''s.dll'")]
    public void Run_by_dotnet_the_command_starts_what_was_started(string program, string word)
    {
        _machine.Executable = "/usr/bin/dotnet";
        _machine.Program = program;
        _machine.Files["/proc/self/status"] = "CapEff:\t0000000000000000\n";

        string remedy = Single("privileges").Remedy!;
        Assert.StartsWith("sudo setpriv ", remedy, StringComparison.Ordinal);
        Assert.EndsWith($"+net_admin /usr/bin/dotnet {word} ...", remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void This_program_is_a_file_that_exists() => Assert.True(File.Exists(new ThisMachine().Program));

    [Theory]
    [InlineData("tap:tap0")]
    [InlineData("tun:tun0")]
    [InlineData("virtual:lab")]
    public void What_needs_no_wire_has_no_problems_of_wires(string link)
    {
        _machine.Files["/proc/self/status"] = "CapEff:\t0000000000000000\n";
        _machine.Files["/sys/class/net/tap0/wireless"] = "";
        _machine.Files["/sys/class/net/lab/wireless"] = "";
        _machine.Files["/sys/class/dmi/id/sys_vendor"] = "Amazon EC2\n";
        _machine.Features = null;
        _machine.Access[link] = new LinkAccess { Name = link };
        NetworkSettings settings = s_wire with { Link = link };

        IReadOnlyList<Finding> findings = Examine(settings);
        Assert.Contains(findings, finding => finding.Subject == $"link {link}");
        Assert.All(findings, finding => Assert.Equal(Severity.Ok, finding.Severity));
        Assert.Equal(0, Show(settings).Code);
    }

    [Fact]
    public void Pcap_needs_privileges_and_no_receive_buffers()
    {
        NetworkSettings settings = s_wire with { Link = "pcap:eth0" };
        _machine.Access["pcap:eth0"] = new LinkAccess { Name = "pcap:eth0" };
        _machine.Files["/proc/sys/net/core/rmem_max"] = "212992\n";

        _machine.Files["/proc/self/status"] = "CapEff:\t0000000000002000\n";
        Assert.DoesNotContain(Examine(settings), finding => finding.Severity != Severity.Ok);
        _machine.Files["/proc/self/status"] = "CapEff:\t0000000000000000\n";
        Assert.Equal(Severity.Problem, Single("privileges", settings).Severity);
    }

    [Fact]
    public void The_hosts_own_address_does_not_work_on_a_tap_either_but_packet_filters_do_not_mend_it()
    {
        _machine.Access["tap:tap0"] = new LinkAccess { Name = "tap:tap0" };

        Finding finding = Single(
            "kernel resets", s_wire with { Link = "tap:tap0", Address = UserTcpAddress.Parse("192.168.1.2/24") });
        Assert.Equal(Severity.Problem, finding.Severity);
        Assert.DoesNotContain("iptables", finding.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tap_of_a_bridge_leads_out_of_a_virtual_machine()
    {
        _machine.Access["tap:tap0"] = new LinkAccess { Name = "tap:tap0" };
        _machine.Files["/sys/class/dmi/id/sys_vendor"] = "Amazon EC2\n";
        _machine.Files["/sys/class/net/tap0/master"] = "";

        Assert.Equal(Severity.Warning, Single("platform", s_wire with { Link = "tap:tap0" }).Severity);
    }

    [Fact]
    public void Small_receive_buffers_are_a_warning_for_who_may_not_enlarge_them()
    {
        _machine.Files["/proc/self/status"] = "CapEff:\t0000000000002000\n";
        _machine.Files["/proc/sys/net/core/rmem_max"] = "212992\n";

        Finding finding = Single("privileges");
        Assert.Equal(Severity.Warning, finding.Severity);
        Assert.Equal("sudo sysctl -w net.core.rmem_max=33554432", finding.Remedy);
    }

    [Fact]
    public void A_link_that_cannot_be_opened_has_the_words_of_the_link()
    {
        _machine.Access["eth0"] = new LinkAccess
            {
                Name = "eth0", Problem = LinkProblem.DeviceDown, Reason = "It is down.", Remedy = "ip link set up",
            };

        Finding finding = Single("link eth0");
        Assert.Equal(Severity.Problem, finding.Severity);
        Assert.Equal(("It is down.", "ip link set up"), (finding.Text, finding.Remedy));
    }

    [Fact]
    public void The_loopback_is_a_problem_with_the_ways_that_work()
    {
        IReadOnlyList<Finding> findings = new Doctor(new ThisMachine(), s_wire with { Link = "lo" }).Examine();

        Finding finding = Assert.Single(findings, one => one.Subject == "link lo");
        Assert.Equal(Severity.Problem, finding.Severity);
        Assert.Contains("--link gateway", finding.Remedy, StringComparison.Ordinal);
        Assert.Contains("tap:tap0", finding.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void The_address_of_the_host_means_resets_by_its_kernel()
    {
        Finding finding = Single("kernel resets", s_wire with { Address = UserTcpAddress.Parse("192.168.1.2/24") });

        Assert.Equal(Severity.Problem, finding.Severity);
        Assert.Contains("-s 192.168.1.2 --sport 40000:65535 -j DROP", finding.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void On_wireless_devices_the_gateway_helps_and_forwarding_harms()
    {
        _machine.Files["/sys/class/net/eth0/wireless"] = "";
        Assert.Equal(Severity.Problem, Single("wireless eth0").Severity);
        Assert.DoesNotContain(Examine(s_wire), finding => finding.Subject == "ip_forward");

        _machine.Files["/proc/sys/net/ipv4/ip_forward"] = "1\n";
        Assert.Equal("sudo sysctl -w net.ipv4.ip_forward=0", Single("ip_forward").Remedy);
    }

    [Fact]
    public void Merged_segments_are_told_of()
    {
        _machine.Features = "large-receive-offload: on\ngeneric-receive-offload: on\n";

        Finding[] found = [.. Examine(s_wire).Where(finding => finding.Subject == "offloads eth0")];
        Assert.Equal("sudo ethtool -K eth0 lro off", found[0].Remedy);
        Assert.Equal(Severity.Ok, found[1].Severity);
        Assert.StartsWith("sudo ethtool -K eth0 gro off", found[1].Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_link_every_device_that_is_up_is_examined()
    {
        _machine.Devices.Add(new MachineInterface("eth1", false, false, null, 1500, []));
        _machine.Devices.Add(new MachineInterface("lo", true, true, null, 65536, [IPAddress.Loopback]));

        Assert.Equal(
            ["link eth0"],
            Examine(new NetworkSettings()).Select(finding => finding.Subject)
                .Where(subject => subject.StartsWith("link", StringComparison.Ordinal)));
    }

    [Fact]
    public void Clouds_are_known_by_their_vendor()
    {
        _machine.Files["/sys/class/dmi/id/sys_vendor"] = "Amazon EC2\n";

        Assert.Equal(Severity.Warning, Single("platform").Severity);
    }

    [Fact]
    public void Redirected_the_findings_are_plain_lines_and_the_remedies_follow()
    {
        _machine.Files["/proc/self/status"] = "CapEff:\t0\n";

        string text = Show(s_wire).Text;
        Assert.Contains("problem  privileges     This process lacks CAP_NET_RAW", text, StringComparison.Ordinal);
        Assert.Contains("privileges:\n  sudo setcap", text.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', text);
    }

    private IReadOnlyList<Finding> Examine(NetworkSettings settings) => new Doctor(_machine, settings).Examine();

    private Finding Single(string subject, NetworkSettings? settings = null) =>
        Assert.Single(Examine(settings ?? s_wire), finding => finding.Subject == subject);

    private (int Code, string Text) Show(NetworkSettings settings)
    {
        using var text = new StringWriter();
        var console = new ToolConsole { Input = Stream.Null, Output = Stream.Null, Out = text, Error = text };
        int code = DoctorCommand.Show(_machine, settings, new ToolOutput(console, json: false, noColor: false));
        return (code, text.ToString());
    }
}
