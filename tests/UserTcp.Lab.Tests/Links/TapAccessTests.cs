using System.Net;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;
using UserTcp.Links;

namespace UserTcp.Lab.Tests.Links;

/// <summary>Who may attach to which interface, said before and when it is done.</summary>
public sealed class TapAccessTests
{
    [LabTheory]
    [InlineData(LinkMedium.Ethernet)]
    [InlineData(LinkMedium.Ip)]
    public async Task A_user_without_any_capability_attaches_to_an_interface_of_his_and_transfers(LinkMedium medium)
    {
        var page = new Page(20_000_000, seed: 7);
        using var lab = new TapLab(medium);
        using var patience = new Patience(60);
        lab.MakePersistent($"user {Unprivileged.User}");
        string name = $"{lab.Kind}:{lab.Device}";
        LinkDevice link = OwnTapNode.RunUnprivileged(lab.Kernel, OwnTapNode.Everybody, () =>
        {
            Assert.True(LinkDevice.CheckAccess(name).IsGranted);
            return LinkDevice.Open(name);
        });
        Assert.IsType<TapLink>(link);
        var options = new UserTcpStackOptions { Link = link };
        options.Addresses.Add(new UserTcpAddress(TapLab.OurAddress, 24));
        await using UserTcpStack stack = await UserTcpStack.OpenAsync(options);
        var service = new PageService([page]);
        await using KernelServer server = KernelServer.Start(lab.Kernel, TapLab.KernelAddress, service.ServeAsync);
        await PageClient.GetAsync(stack, server.EndPoint, page, patience.Token);

        Assert.Equal(default, stack.GetStatistics().Link);
    }

    [LabTheory]
    [InlineData(LinkMedium.Ethernet)]
    [InlineData(LinkMedium.Ip)]
    public async Task The_kernel_reaches_a_server_behind_an_interface_that_the_link_has_made(LinkMedium medium)
    {
        var page = new Page(20_000_000, seed: 8);
        using var lab = new TapLab(medium);
        using var patience = new Patience(60);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        Ping.Run(lab.Kernel, TapLab.OurAddress, requests: 1);
        var service = new PageService([page]);
        await using UserTcpServer server = await UserTcpServer.StartAsync(stack, 80, service.ServeAsync);
        await KernelClient.GetAllAsync(
            lab.Kernel, new IPEndPoint(TapLab.OurAddress, 80), [page], 1, patience.Token);
        Assert.Equal(0, stack.GetStatistics().ErrorsReceived);
    }

    [LabFact]
    public void Another_users_interface_is_refused_with_the_commands_that_help()
    {
        using var lab = new TapLab();
        lab.MakePersistent("user 0");
        string message = FailsUnprivileged(lab, "tap:tap0");
        Assert.Contains("sudo ip tuntap add dev tap0 mode tap user $USER", message, StringComparison.Ordinal);
        Assert.Contains("another user", message, StringComparison.Ordinal);
    }

    [LabTheory]
    [InlineData("tap:tap7", "mode tap")]
    [InlineData("tun:tun7", "mode tun")]
    public void Who_may_not_make_an_interface_learns_how_it_is_made(string name, string words)
    {
        using var lab = new TapLab();
        string message = FailsUnprivileged(lab, name);
        Assert.Contains("CAP_NET_ADMIN", message, StringComparison.Ordinal);
        Assert.Contains(words, message, StringComparison.Ordinal);
        Assert.True(lab.Kernel.Run(() => LinkDevice.CheckAccess(name)).IsGranted); // root may
        Assert.NotEqual(0, lab.Kernel.TryExec($"ip link show {name[4..]}").ExitCode); // asking makes none
    }

    [LabTheory]
    [InlineData("tap:tap0")]
    [InlineData("tun:tun7")]
    public void A_control_file_that_only_root_may_open_is_named_with_the_commands_that_help(string name)
    {
        using var lab = new TapLab();
        lab.MakePersistent($"user {Unprivileged.User}");
        string message = FailsUnprivileged(lab, name, OwnTapNode.RootOnly);
        Assert.Contains("/dev/net/tun", message, StringComparison.Ordinal);
        Assert.Contains("mode 0600", message, StringComparison.Ordinal);
        Assert.Contains("sudo chmod 0666 /dev/net/tun", message, StringComparison.Ordinal);
        Assert.Contains("/etc/udev/rules.d/", message, StringComparison.Ordinal);
    }

    [LabFact]
    public void A_node_of_the_tests_own_leaves_that_of_the_machine_alone()
    {
        using var lab = new TapLab();
        UnixFileMode before = new FileInfo(TapHandle.ControlFile).UnixFileMode;
        foreach (UnixFileMode mode in (UnixFileMode[])[OwnTapNode.Everybody, OwnTapNode.RootOnly])
        {
            Assert.Throws<TimeoutException>(() => OwnTapNode.RunUnprivileged<int>(lab.Kernel, mode, () =>
            {
                Assert.Equal(mode, new FileInfo(TapHandle.ControlFile).UnixFileMode);
                throw new TimeoutException();
            }));
        }

        Assert.Equal(before, new FileInfo(TapHandle.ControlFile).UnixFileMode);
        Assert.DoesNotContain(
            File.ReadLines("/proc/self/mounts"), line => line.Contains(" /dev/net ", StringComparison.Ordinal));
    }

    [LabFact]
    public void A_single_queue_that_is_taken_is_said_to_be()
    {
        using var lab = new TapLab();
        lab.Open();
        Assert.Contains("Another program", Fails<IOException>(lab, "tap:tap0", LinkProblem.Refused),
            StringComparison.Ordinal);
    }

    [LabFact]
    public void An_interface_that_is_down_is_named_with_the_command_that_helps()
    {
        using var lab = new TapLab();
        lab.MakePersistent();
        lab.Kernel.Exec("ip link set tap0 down");
        Assert.Contains("ip link set tap0 up", Fails<IOException>(lab, "tap:tap0", LinkProblem.DeviceDown),
            StringComparison.Ordinal);
    }

    [LabTheory]
    [InlineData(LinkMedium.Ethernet, "tun:tap0")]
    [InlineData(LinkMedium.Ip, "tap:tun0")]
    [InlineData(LinkMedium.Ethernet, "tap:lo")]
    public void Other_kinds_of_interfaces_are_refused(LinkMedium medium, string name)
    {
        using var lab = new TapLab(medium);
        lab.MakePersistent();
        lab.Kernel.Exec("ip link set lo up");
        Fails<NotSupportedException>(lab, name, LinkProblem.UnsupportedDevice);
    }

    [LabFact]
    public void Queues_are_as_many_as_the_interface_was_made_for()
    {
        using var lab = new TapLab();
        TapLink first = lab.Open(multiQueue: true);
        Assert.True(lab.Kernel.Run(() => LinkDevice.CheckAccess("tap:tap0")).IsGranted);
        TapLink second = lab.Open();
        Assert.Throws<NotSupportedException>(() => lab.Open(multiQueue: false));
        Assert.Equal(first.Info, second.Info);
        string flags = lab.Kernel.Exec("ip -d link show tap0");
        Assert.Contains("multi_queue numqueues 2", flags, StringComparison.Ordinal);
        Assert.Contains("vnet_hdr on", flags, StringComparison.Ordinal);
    }

    private static string Fails<TException>(TapLab lab, string name, LinkProblem problem)
        where TException : Exception
    {
        LinkAccess access = lab.Kernel.Run(() => LinkDevice.CheckAccess(name));
        Assert.Equal(problem, access.Problem);
        string message = Assert.ThrowsAny<TException>(() => lab.Kernel.Run(() => LinkDevice.Open(name))).Message;
        Assert.Equal(access.ToString(), message);
        return message;
    }

    private static string FailsUnprivileged(
        TapLab lab, string name, UnixFileMode control = OwnTapNode.Everybody)
    {
        LinkAccess access = OwnTapNode.RunUnprivileged(lab.Kernel, control, () => LinkDevice.CheckAccess(name));
        Assert.Equal(LinkProblem.MissingPermission, access.Problem);
        string message = Assert.Throws<UnauthorizedAccessException>(
            () => OwnTapNode.RunUnprivileged(lab.Kernel, control, () => LinkDevice.Open(name))).Message;
        Assert.Equal(access.ToString(), message);
        return message;
    }
}
