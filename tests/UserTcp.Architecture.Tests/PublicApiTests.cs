using System.Text.RegularExpressions;
using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests;

/// <summary>All of the public surface is documented. PublicAPI.*.txt of each package lists it.</summary>
public sealed partial class PublicApiTests
{
    public static TheoryData<string> Packages => new(House.Shipped.Select(assembly => assembly.GetName().Name!));

    /// <summary>CS1591 names every undocumented public member; here is made sure that it is heard.</summary>
    [Theory]
    [MemberData(nameof(Packages))]
    public void A_public_member_without_documentation_breaks_the_build(string package)
    {
        string project = Repository.Read($"src/{package}/{package}.csproj");
        string common = Repository.Read("Directory.Build.props");
        string style = Repository.Read(".editorconfig");

        Assert.Contains("<GenerateDocumentationFile>true<", project, StringComparison.Ordinal);
        Assert.Contains("<TreatWarningsAsErrors>true<", common, StringComparison.Ordinal);
        Assert.Contains("dotnet_diagnostic.CS1591.severity = warning", style, StringComparison.Ordinal);
        Assert.DoesNotMatch(Silenced(), project);
        Assert.DoesNotMatch(Silenced(), common);
    }

    [Fact]
    public void No_file_switches_the_documentation_check_off() => Expect.None(
        Repository.CSharp("src")
            .Where(file => file.Text.Contains("CS1591", StringComparison.Ordinal)).Select(file => file.Path),
        "Suppressions of CS1591:");

    [GeneratedRegex(@"<(?:NoWarn|WarningsNotAsErrors)>[^<]*1591")]
    private static partial Regex Silenced();
}
