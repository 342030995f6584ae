using UserTcp.Testing.Packetdrill.Running;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill;

/// <summary>
/// A script in the language of packetdrill, run over a stack of its own in virtual time: without privileges, a kernel,
/// or real waits, and with the same result each time. Immutable; several runs may go on at the same time.
/// </summary>
public sealed class PacketdrillScript
{
    /// <param name="text">The script.</param>
    /// <param name="name">The name in results.</param>
    public PacketdrillScript(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(name);
        Text = text;
        Name = name;
    }

    /// <summary>The text of the script.</summary>
    public string Text { get; }

    /// <summary>The name in results.</summary>
    public string Name { get; }

    /// <summary>The features that the script needs beyond TCP over IPv4, by its words.</summary>
    public PacketdrillCategory Category => ScriptCategory.Of(Text);

    /// <summary>Reads a file.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static PacketdrillScript Load(string path) => new(File.ReadAllText(path), path);

    /// <summary>Runs the script. A script that cannot be read fails, with its line and what is wrong with it.</summary>
    public PacketdrillResult Run(PacketdrillOptions? options = null) =>
        ScriptRun.Run(this, options ?? new PacketdrillOptions());
}
