using System.Globalization;
using UserTcp.Links;
using UserTcp.Tool.Network;

namespace UserTcp.Tool.Machine;

/// <summary>Looks for what keeps a stack from working on a link, and knows the command that mends it.</summary>
internal sealed class Doctor(IMachine machine, NetworkSettings settings)
{
    private const int NetAdmin = 12; // CAP_NET_ADMIN
    private const int NetRaw = 13; // CAP_NET_RAW

    /// <summary>All findings, the good ones too.</summary>
    public IReadOnlyList<Finding> Examine()
    {
        List<Finding> findings = [];
        if (settings.IsGateway && settings.IsLinkGiven)
        {
            findings.Add(Finding.Ok("link", "The gateway in this process needs no privileges."));
            return findings;
        }

        ExaminedLink[] links = [.. Links().Select(link => new ExaminedLink(link, machine.CheckAccess(link)))];
        findings.AddRange(CheckPrivileges(links));
        if (links.Length == 0)
        {
            findings.Add(Finding.Problem(
                "link", "No network interface is up.", "Use --link gateway, which needs none, or switch one on."));
        }

        findings.AddRange(links.SelectMany(CheckLink));
        findings.AddRange(CheckResets(links));
        findings.AddRange(CheckPlatform(links));
        return findings;
    }

    // The one that was named, or all that could be.
    private IEnumerable<string> Links() => settings.IsLinkGiven
        ? [settings.Link]
        : machine.Interfaces().Where(item => item.IsUp && !item.IsLoopback).Select(item => item.Name);

    // Who owns a TAP or TUN device opens it without any.
    private IEnumerable<Finding> CheckPrivileges(ExaminedLink[] links)
    {
        if (!machine.IsLinux || !Array.Exists(links, link => link.IsWire) || Capabilities() is not { } has)
            yield break;

        if (Has(has, NetRaw) && Has(has, NetAdmin))
        {
            yield return Finding.Ok("privileges", "This process has CAP_NET_RAW and CAP_NET_ADMIN.");
            yield break;
        }

        if (!Has(has, NetRaw))
        {
            yield return Finding.Problem(
                "privileges", "This process lacks CAP_NET_RAW, without which no link to a wire can be opened.",
                Grant());
            yield break;
        }

        int wanted = new PacketSocketLinkOptions().ReceiveBufferBytes;
        if (Array.Exists(links, link => link.IsPacketSocket)
            && long.TryParse(machine.Read("/proc/sys/net/core/rmem_max"), CultureInfo.InvariantCulture, out long most)
            && most < wanted)
        {
            yield return Finding.Warning(
                "privileges",
                $"Without CAP_NET_ADMIN the system limits receive buffers to {most} bytes; frames may be lost.",
                $"sudo sysctl -w net.core.rmem_max={wanted}");
        }
    }

    // Capabilities of dotnet itself would be those of every program; and sudo may look for it elsewhere.
    private string Grant() => Path.GetFileNameWithoutExtension(machine.Executable) == "dotnet"
        ? "sudo setpriv --reuid=$USER --init-groups --inh-caps=+net_raw,+net_admin "
            + $"--ambient-caps=+net_raw,+net_admin {Quote(machine.Executable)} {Quote(machine.Program)} ..."
        : $"sudo setcap cap_net_raw,cap_net_admin+ep {Quote(machine.Executable)}";

    private static string Quote(string path) => path.All(letter => char.IsAsciiLetterOrDigit(letter)
        || "/._-+".Contains(letter, StringComparison.Ordinal))
        ? path
        : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private IEnumerable<Finding> CheckLink(ExaminedLink link)
    {
        LinkAccess access = link.Access;
        string subject = $"link {link.Given}";
        if (!access.IsGranted)
        {
            yield return Finding.Problem(subject, access.Reason, access.Remedy);
            if (access.Problem is LinkProblem.MissingDevice or LinkProblem.UnknownName)
                yield break;
        }
        else
        {
            yield return Finding.Ok(subject, $"{access.Name} can be opened.");
        }

        if (machine.IsLinux && link.IsWire)
        {
            foreach (Finding finding in CheckWireless(link.Device).Concat(CheckOffloads(link.Device)))
                yield return finding;
        }
    }

    // An access point takes frames from stations it knows only: the stack would have to use the card's own MAC address,
    // and then a host that forwards sends ICMP redirects to the peer.
    private IEnumerable<Finding> CheckWireless(string device)
    {
        if (!machine.Exists($"/sys/class/net/{device}/wireless"))
            yield break;

        yield return Finding.Problem(
            $"wireless {device}", "Access points drop frames from a MAC address that is not the card's.",
            "Use --link gateway.");
        if (machine.Read("/proc/sys/net/ipv4/ip_forward")?.Trim() == "1")
        {
            yield return Finding.Warning(
                "ip_forward",
                "This host forwards: with the card's own MAC address its kernel would answer the peer with redirects.",
                "sudo sysctl -w net.ipv4.ip_forward=0");
        }
    }

    private IEnumerable<Finding> CheckOffloads(string device)
    {
        string subject = $"offloads {device}";
        if (machine.Run("ethtool", "-k", device) is not { } features)
        {
            if (machine.Exists($"/sys/class/net/{device}"))
            {
                yield return Finding.Warning(
                    subject, "Checking them needs ethtool.", "sudo apt-get install ethtool");
            }

            yield break;
        }

        if (IsOn(features, "large-receive-offload"))
        {
            yield return Finding.Warning(
                subject, "LRO merges frames and loses their headers.", $"sudo ethtool -K {device} lro off");
        }

        yield return IsOn(features, "generic-receive-offload")
            ? new Finding(
                Severity.Ok, subject, "GRO merges received segments. The stack accepts that; captures show "
                    + "the merged ones.", $"sudo ethtool -K {device} gro off   # for single segments in captures")
            : Finding.Ok(subject, "Received segments are not merged.");
    }

    // The kernel knows no socket for a connection of ours: with its address it answers the peer's SYN-ACK with a reset.
    private IEnumerable<Finding> CheckResets(ExaminedLink[] links)
    {
        if (Array.TrueForAll(links, link => link.IsVirtual))
            yield break;

        if (settings.Address is not { } wanted)
        {
            yield return Finding.Ok("kernel resets", "None, if --address is not an address of this host.");
            yield break;
        }

        if (machine.Interfaces().FirstOrDefault(item => item.Addresses.Contains(wanted.Address)) is not { } owner)
        {
            yield return Finding.Ok("kernel resets", $"None: {wanted.Address} is not an address of this host.");
            yield break;
        }

        if (!Array.Exists(links, link => link.IsWire))
        {
            yield return Finding.Problem(
                "kernel resets",
                $"{wanted.Address} is the host's own address on {owner.Name}: its kernel answers instead of the stack.",
                "Use another address of the device's network.");
            yield break;
        }

        yield return Finding.Problem(
            "kernel resets",
            $"{wanted.Address} is the host's own address on {owner.Name}: its kernel resets every connection.",
            "Use an address that no host uses. As a last resort: sudo iptables -A OUTPUT -p tcp --tcp-flags RST RST "
            + $"-s {wanted.Address} --sport 40000:65535 -j DROP");
    }

    // Frames leave a machine by a wire, or by a bridge that a TAP is a part of.
    private IEnumerable<Finding> CheckPlatform(ExaminedLink[] links)
    {
        if (!Array.Exists(links, link => link.IsWire
            ? link.Device != "lo"
            : link.IsTap && machine.Exists($"/sys/class/net/{link.Device}/master")))
        {
            yield break;
        }

        string vendor = machine.Read("/sys/class/dmi/id/sys_vendor")?.Trim() ?? "";
        string? remedy = vendor switch
        {
            "Amazon EC2" or "Google" or "DigitalOcean" or "Hetzner" =>
                "Most clouds drop foreign addresses. Use --link gateway, or ask the platform for an address.",
            "Microsoft Corporation" => "Enable 'MAC address spoofing' for the virtual network card, or --link gateway.",
            "VMware, Inc." => "Allow 'forged transmits' and 'promiscuous mode' on the port group, or --link gateway.",
            "innotek GmbH" => "Set 'Promiscuous Mode: Allow All' for the virtual network card, or --link gateway.",
            _ => null,
        };
        if (remedy is not null)
        {
            yield return Finding.Warning(
                "platform", $"This machine is virtual ({vendor}): a second MAC address may be dropped.", remedy);
        }
    }

    private ulong? Capabilities()
    {
        string? line = machine.Read("/proc/self/status")?.Split('\n')
            .FirstOrDefault(text => text.StartsWith("CapEff:", StringComparison.Ordinal));
        return line is not null && ulong.TryParse(
            line["CapEff:".Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong has)
            ? has
            : null;
    }

    private static bool Has(ulong capabilities, int number) => (capabilities >> number & 1) != 0;

    private static bool IsOn(string features, string name) =>
        features.Contains($"{name}: on", StringComparison.Ordinal);
}
