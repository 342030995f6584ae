using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace UserTcp.Mutants;

/// <summary>
/// Finds the mutants of one file. Code that a release build leaves out has none, and neither have constants.
/// </summary>
internal sealed class MutantFinder(string path, SourceText text) : CSharpSyntaxWalker
{
    private static readonly Dictionary<string, string> s_operators = new()
    {
        ["<"] = "<=", ["<="] = "<", [">"] = ">=", [">="] = ">", ["=="] = "!=", ["!="] = "==",
        ["&&"] = "||", ["||"] = "&&", ["+"] = "-", ["-"] = "+", ["*"] = "/", ["/"] = "*",
        ["<<"] = ">>", [">>"] = "<<", ["&"] = "|", ["|"] = "&",
        ["+="] = "-=", ["-="] = "+=", ["|="] = "&=", ["&="] = "|=", ["++"] = "--", ["--"] = "++",
    };

    private readonly List<Mutant> _found = [];

    public IReadOnlyList<Mutant> Found => _found;

    public override void VisitAttributeList(AttributeListSyntax node)
    {
    }

    public override void VisitEnumDeclaration(EnumDeclarationSyntax node)
    {
    }

    public override void VisitParameter(ParameterSyntax node)
    {
    }

    public override void VisitCaseSwitchLabel(CaseSwitchLabelSyntax node)
    {
    }

    public override void VisitConstantPattern(ConstantPatternSyntax node)
    {
    }

    public override void VisitRelationalPattern(RelationalPatternSyntax node)
    {
    }

    public override void VisitThrowStatement(ThrowStatementSyntax node)
    {
    }

    public override void VisitThrowExpression(ThrowExpressionSyntax node)
    {
    }

    public override void VisitFieldDeclaration(FieldDeclarationSyntax node)
    {
        if (!node.Modifiers.Any(SyntaxKind.ConstKeyword))
            base.VisitFieldDeclaration(node);
    }

    public override void VisitLocalDeclarationStatement(LocalDeclarationStatementSyntax node)
    {
        if (!node.IsConst)
            base.VisitLocalDeclarationStatement(node);
    }

    public override void VisitMethodDeclaration(MethodDeclarationSyntax node)
    {
        bool isDebugOnly = node.AttributeLists.SelectMany(list => list.Attributes)
            .Any(attribute => attribute.Name.ToString() == "Conditional");
        if (!isDebugOnly && node.Identifier.Text is not ("ToString" or "Dispose"))
            base.VisitMethodDeclaration(node);
    }

    public override void VisitInvocationExpression(InvocationExpressionSyntax node)
    {
        string called = node.Expression.ToString();
        if (called.StartsWith("Debug.", StringComparison.Ordinal) || called is "nameof" || IsGuard(called))
            return;

        if (node.Expression is MemberAccessExpressionSyntax { Name.Identifier.Text: "Min" or "Max" } access)
        {
            string name = access.Name.Identifier.Text;
            Add(MutantKind.Bound, node, name, name == "Min" ? "Max" : "Min", access.Name.SpanStart);
        }

        base.VisitInvocationExpression(node);
    }

    public override void VisitBinaryExpression(BinaryExpressionSyntax node)
    {
        string token = node.OperatorToken.Text;
        if (s_operators.TryGetValue(token, out string? other) && !DeclaresVariable(node))
            Add(MutantKind.Operator, node, token, other, node.OperatorToken.SpanStart);
        base.VisitBinaryExpression(node);
    }

    public override void VisitLiteralExpression(LiteralExpressionSyntax node)
    {
        switch (node.Kind())
        {
            case SyntaxKind.TrueLiteralExpression:
                Add(MutantKind.Literal, node, "true", "false", node.SpanStart);
                break;
            case SyntaxKind.FalseLiteralExpression:
                Add(MutantKind.Literal, node, "false", "true", node.SpanStart);
                break;
            case SyntaxKind.NumericLiteralExpression when node.Token.Value is int value:
                string successor = (value + 1).ToString(CultureInfo.InvariantCulture);
                Add(MutantKind.Literal, node, node.Token.Text, successor, node.SpanStart);
                break;
            default:
                break;
        }
    }

    public override void VisitIfStatement(IfStatementSyntax node)
    {
        AddNegation(node.Condition);
        base.VisitIfStatement(node);
    }

    public override void VisitWhileStatement(WhileStatementSyntax node)
    {
        AddNegation(node.Condition);
        base.VisitWhileStatement(node);
    }

    public override void VisitConditionalExpression(ConditionalExpressionSyntax node)
    {
        AddNegation(node.Condition);
        base.VisitConditionalExpression(node);
    }

    public override void VisitExpressionStatement(ExpressionStatementSyntax node)
    {
        string called = node.Expression is InvocationExpressionSyntax call ? call.Expression.ToString() : "";
        if (called.StartsWith("Debug.", StringComparison.Ordinal) || IsGuard(called))
            return;

        if (node.Expression is AssignmentExpressionSyntax assignment)
            AddAssignment(node, assignment.OperatorToken);
        else if (node.Expression is PostfixUnaryExpressionSyntax step)
            AddAssignment(node, step.OperatorToken);
        Add(MutantKind.Delete, node, "", "", node.SpanStart);
        base.VisitExpressionStatement(node);
    }

    // Argument checks belong to callers within the library; no input reaches them.
    private static bool IsGuard(string called) =>
        called.Contains("Exception.ThrowIf", StringComparison.Ordinal)
            || called.EndsWith(".Assert", StringComparison.Ordinal) || called is "AssertInvariants";

    private static bool DeclaresVariable(SyntaxNode node) =>
        node.DescendantNodes().Any(static part => part is SingleVariableDesignationSyntax);

    private void AddAssignment(ExpressionStatementSyntax node, SyntaxToken token)
    {
        if (s_operators.TryGetValue(token.Text, out string? other))
            Add(MutantKind.Assignment, node, token.Text, other, token.SpanStart);
    }

    // A comparison has a mutant of its own that says as much.
    private void AddNegation(ExpressionSyntax condition)
    {
        bool isEquality = condition.IsKind(SyntaxKind.EqualsExpression)
            || condition.IsKind(SyntaxKind.NotEqualsExpression);
        if (!isEquality && condition is not LiteralExpressionSyntax)
            Add(MutantKind.Negate, condition, "", "", condition.SpanStart);
    }

    private void Add(MutantKind kind, SyntaxNode node, string was, string becomes, int position)
    {
        TextLine line = text.Lines.GetLineFromPosition(position);
        var change = new MutantChange(kind, was, becomes);
        _found.Add(new Mutant(path, node.Span, line.LineNumber + 1, change, line.ToString().Trim()));
    }
}
