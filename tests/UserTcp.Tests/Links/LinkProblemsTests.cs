using UserTcp.Links;

namespace UserTcp.Tests.Links;

public sealed class LinkProblemsTests
{
    private const int NotPermitted = 1;  // EPERM
    private const int NoSuchFile = 2;    // ENOENT
    private const int AccessDenied = 13; // EACCES

    [Theory]
    [InlineData(AccessDenied, 0x180, LinkProblem.MissingPermission, "mode 0600")]
    [InlineData(AccessDenied, 0x180, LinkProblem.MissingPermission, "sudo chmod 0666 /dev/net/tun")]
    [InlineData(AccessDenied, 0x1b0, LinkProblem.MissingPermission, "/etc/udev/rules.d/")]
    [InlineData(AccessDenied, 0x1b6, LinkProblem.MissingPermission, "security module")] // everybody may, by its mode
    [InlineData(NotPermitted, 0x180, LinkProblem.MissingPermission, "--device /dev/net/tun")]
    [InlineData(NotPermitted, 0x1b6, LinkProblem.MissingPermission, "--device /dev/net/tun")]
    [InlineData(NoSuchFile, null, LinkProblem.Refused, "modprobe tun")]
    public void A_control_file_of_taps_that_cannot_be_opened_has_the_remedy_of_its_case(
        int error, int? mode, LinkProblem problem, string words)
    {
        LinkAccess access = LinkProblems.TapControl("tap:tap0", error, (UnixFileMode?)mode);
        Assert.Equal(("tap:tap0", problem), (access.Name, access.Problem));
        Assert.Contains(words, access.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_a_mode_that_keeps_others_out_is_to_be_changed() => Assert.DoesNotContain(
        "chmod", LinkProblems.TapControl("tap:tap0", AccessDenied, (UnixFileMode)0x1b6).Remedy,
        StringComparison.Ordinal);
}
